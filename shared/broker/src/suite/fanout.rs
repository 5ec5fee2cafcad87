//! What progress and control promise: everyone who listens now hears, and nobody is held up.

use super::{SOON, next, samples};
use crate::Broker;
use std::{sync::Arc, time::Duration};

/// Every listener hears the same progress.
pub async fn progress_reaches_every_listener(broker: Arc<dyn Broker>) {
    let mut one = broker.listen_progress().await.unwrap();
    let mut two = broker.listen_progress().await.unwrap();
    let said = samples::progress(1);
    broker.publish_progress(&said).await.unwrap();
    for listener in [&mut one, &mut two] {
        let heard = next(listener).await;
        assert_eq!(heard.message, said);
        heard.ack().await.unwrap();
    }
}

/// Every worker hears every order.
pub async fn control_reaches_every_listener(broker: Arc<dyn Broker>) {
    let mut one = broker.listen_control().await.unwrap();
    let mut two = broker.listen_control().await.unwrap();
    let order = samples::control();
    broker.publish_control(&order).await.unwrap();
    assert_eq!(next(&mut one).await.message, order);
    assert_eq!(next(&mut two).await.message, order);
}

/// A listener hears what is said from now on, not before.
pub async fn a_listener_hears_nothing_from_before(broker: Arc<dyn Broker>) {
    broker
        .publish_progress(&samples::progress(1))
        .await
        .unwrap();
    let mut listener = broker.listen_progress().await.unwrap();
    let said = samples::progress(2);
    broker.publish_progress(&said).await.unwrap();
    assert_eq!(next(&mut listener).await.message, said);
}

/// A listener that doesn't read loses the oldest; the publisher goes on, and the newest is still heard.
pub async fn a_slow_listener_holds_up_nobody(broker: Arc<dyn Broker>) {
    const MANY: u64 = 20_000;
    let mut slow = broker.listen_progress().await.unwrap();
    tokio::time::timeout(6 * SOON, async {
        for n in 1..=MANY {
            broker
                .publish_progress(&samples::progress(n))
                .await
                .unwrap();
        }
    })
    .await
    .expect("the publisher was held up");
    let mut last = 0;
    while last < MANY {
        let heard = next(&mut slow).await.message.frames_done;
        assert!(heard > last, "{heard} came after {last}");
        last = heard;
    }
}

/// Talking to nobody is fine, and costs nothing.
pub async fn nobody_listening_is_no_error(broker: Arc<dyn Broker>) {
    broker
        .publish_progress(&samples::progress(1))
        .await
        .unwrap();
    broker.publish_control(&samples::control()).await.unwrap();
}

/// A fresh broker can be used.
pub async fn a_healthy_broker_says_so(broker: Arc<dyn Broker>) {
    tokio::time::timeout(Duration::from_secs(5), broker.check())
        .await
        .expect("the check hangs")
        .unwrap();
}
