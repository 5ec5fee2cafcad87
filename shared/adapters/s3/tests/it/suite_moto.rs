//! The store passes the suite of its port on moto.

use crate::common;
use reelmill_objects::ObjectStore;
use std::sync::Arc;

async fn fresh() -> (Arc<dyn ObjectStore>, common::Behind) {
    common::fresh("REELMILL_TEST_MOTO").await
}

reelmill_objects::objects_suite!(fresh);
