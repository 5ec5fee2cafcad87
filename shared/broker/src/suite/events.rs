//! What events and hints promise: durable, at least once, in order.

use super::{next, nothing, samples};
use crate::Broker;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// One worker's events come in the order it said them, unchanged.
pub async fn events_keep_their_order(broker: Arc<dyn Broker>) {
    let mut reader = broker.consume_events().await.unwrap();
    let worker = samples::worker();
    let sent: Vec<_> = (0..200).map(|n| samples::event(worker, n)).collect();
    for event in &sent {
        broker.publish_event(event).await.unwrap();
    }
    for event in &sent {
        let came = next(&mut reader).await;
        assert_eq!(&came.message, event);
        assert!(!came.redelivered);
        came.ack().await.unwrap();
    }
    nothing(&mut reader).await;
}

/// An event said while nobody reads is read later.
pub async fn an_event_waits_for_its_reader(broker: Arc<dyn Broker>) {
    let event = samples::event(samples::worker(), 1);
    broker.publish_event(&event).await.unwrap();
    let mut reader = broker.consume_events().await.unwrap();
    assert_eq!(next(&mut reader).await.message, event);
}

/// A reader that ends before it acknowledged leaves the event, marked, to the next one.
pub async fn a_dropped_event_comes_again(broker: Arc<dyn Broker>) {
    let event = samples::event(samples::worker(), 1);
    broker.publish_event(&event).await.unwrap();
    let mut one = broker.consume_events().await.unwrap();
    let held = next(&mut one).await;
    drop((held, one));
    let mut two = broker.consume_events().await.unwrap();
    let again = next(&mut two).await;
    assert_eq!(again.message, event);
    assert!(again.redelivered);
    again.ack().await.unwrap();
    nothing(&mut two).await;
}

/// Two readers share the events: none comes to both.
pub async fn each_event_goes_to_one_reader(broker: Arc<dyn Broker>) {
    const ALL: u32 = 60;
    let mut one = broker.consume_events().await.unwrap();
    let mut two = broker.consume_events().await.unwrap();
    let worker = samples::worker();
    for n in 0..ALL {
        broker
            .publish_event(&samples::event(worker, n))
            .await
            .unwrap();
    }
    let mut seen = BTreeSet::new();
    for _ in 0..ALL {
        let came = tokio::select! {
            came = next(&mut one) => came,
            came = next(&mut two) => came,
        };
        assert!(
            seen.insert(samples::number(&came.message)),
            "an event came twice"
        );
        came.ack().await.unwrap();
    }
    nothing(&mut one).await;
    nothing(&mut two).await;
}

/// Events of many publishers at once all arrive, each publisher's in its order.
pub async fn many_publishers_lose_nothing(broker: Arc<dyn Broker>) {
    const PUBLISHERS: usize = 8;
    const EACH: u32 = 100;
    let mut reader = broker.consume_events().await.unwrap();
    let workers: Vec<_> = (0..PUBLISHERS).map(|_| samples::worker()).collect();
    let mut publishers = tokio::task::JoinSet::new();
    for worker in workers.clone() {
        let broker = broker.clone();
        publishers.spawn(async move {
            for n in 0..EACH {
                broker
                    .publish_event(&samples::event(worker, n))
                    .await
                    .unwrap();
            }
        });
    }
    let mut expected: BTreeMap<_, u32> = workers.into_iter().map(|worker| (worker, 0)).collect();
    for _ in 0..PUBLISHERS as u32 * EACH {
        let came = next(&mut reader).await;
        let due = expected.get_mut(&came.message.worker).unwrap();
        assert_eq!(samples::number(&came.message), *due);
        *due += 1;
        came.ack().await.unwrap();
    }
    publishers.join_all().await;
}

/// Hints arrive as they were sent, once acknowledged never again.
pub async fn hints_arrive(broker: Arc<dyn Broker>) {
    let hint = samples::hint();
    broker.publish_job(&hint).await.unwrap();
    let mut reader = broker.consume_jobs().await.unwrap();
    drop(next(&mut reader).await);
    let again = next(&mut reader).await;
    assert_eq!(again.message, hint);
    assert!(again.redelivered);
    again.ack().await.unwrap();
    nothing(&mut reader).await;
}
