//! The Swift store passes the suite of its port, on a real Swift.

use crate::support::Fresh;
use reelmill_objects::ObjectStore;
use std::sync::Arc;

async fn fresh() -> (Arc<dyn ObjectStore>, Fresh) {
    let fresh = Fresh::new(|config| config.prefix = "suite/store".into());
    (fresh.open(), fresh)
}

reelmill_objects::objects_suite!(fresh);
