//! The Swift store passes the suite of its port, on a real Swift.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test speaks by panicking"
)]

mod support;

use reelmill_objects::ObjectStore;
use std::sync::Arc;
use support::Fresh;

async fn fresh() -> (Arc<dyn ObjectStore>, Fresh) {
    let fresh = Fresh::new(|config| config.prefix = "suite/store".into());
    (fresh.open(), fresh)
}

reelmill_objects::objects_suite!(fresh);
