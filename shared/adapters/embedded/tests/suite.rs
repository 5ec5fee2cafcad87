//! The embedded broker passes the suite of its port.

use reelmill_broker::Broker;
use reelmill_embedded::EmbeddedBroker;
use std::sync::Arc;

async fn fresh() -> (Arc<dyn Broker>, ()) {
    (EmbeddedBroker::new(), ())
}

reelmill_broker::broker_suite!(fresh);
