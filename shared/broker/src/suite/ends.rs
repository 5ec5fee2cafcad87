//! What happens at the end of a consumer, and of the broker.

use super::{SOON, next, samples};
use crate::{Broker, Messages};
use reelmill_domain::lane::Lane;
use std::sync::Arc;

/// A listener that goes takes nothing away from another.
pub async fn an_ended_listener_leaves_the_others_theirs(broker: Arc<dyn Broker>) {
    let one = broker.listen_control().await.unwrap();
    let mut two = broker.listen_control().await.unwrap();
    drop(one);
    let order = samples::control();
    broker.publish_control(&order).await.unwrap();
    assert_eq!(next(&mut two).await.message, order);
}

/// Whoever waits is told that nothing will come any more.
pub async fn consumers_end_with_the_broker(broker: Arc<dyn Broker>) {
    let mut tasks = broker.consume_tasks(&Lane::light()).await.unwrap();
    let mut dead = broker.consume_dead().await.unwrap();
    let mut events = broker.consume_events().await.unwrap();
    let mut hints = broker.consume_jobs().await.unwrap();
    let mut progress = broker.listen_progress().await.unwrap();
    let mut control = broker.listen_control().await.unwrap();
    drop(broker);
    end(&mut tasks).await;
    end(&mut dead).await;
    end(&mut events).await;
    end(&mut hints).await;
    end(&mut progress).await;
    end(&mut control).await;
}

async fn end<T>(of: &mut Messages<T>) {
    let came = tokio::time::timeout(SOON, of.next()).await;
    assert!(came.expect("a consumer outlives its broker").is_none());
}
