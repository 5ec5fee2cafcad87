//! What the embedded broker promises beyond its port: bounded queues, and a cost that stays.
#![allow(clippy::unwrap_used, reason = "a test speaks by panicking")]

use reelmill_broker::{Broker, BrokerError, suite::samples};
use reelmill_domain::lane::Lane;
use reelmill_embedded::EmbeddedBroker;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(600);

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_after_a_while_and_takes_again_when_read() {
    let broker = EmbeddedBroker::new();
    let worker = samples::worker();
    let mut sent = 0;
    let refused = loop {
        match broker.publish_event(&samples::event(worker, sent)).await {
            Ok(()) => sent += 1,
            Err(refused) => break refused,
        }
        assert!(sent < 1_000_000, "the queue has no bound");
    };
    assert!(
        matches!(&refused, BrokerError::Unreachable { cause, .. } if cause.contains("full")),
        "{refused}"
    );
    let mut reader = broker.consume_events().await.unwrap();
    let writer = tokio::spawn({
        let broker = broker.clone();
        async move { broker.publish_event(&samples::event(worker, sent)).await }
    });
    tokio::task::yield_now().await;
    reader.next().await.unwrap().ack().await.unwrap();
    writer.await.unwrap().unwrap();
}

/// The cost of a message must not grow with the queue: ten times the messages may take at most thirty times as
/// long (linear is ten, quadratic a hundred).
#[tokio::test]
async fn a_message_costs_the_same_in_a_long_queue() {
    let few = time_through(1_500).await;
    let many = time_through(15_000).await;
    assert!(
        many < few.max(Duration::from_millis(2)) * 30,
        "{few:?} for 1500, {many:?} for 15000"
    );
}

async fn time_through(messages: u32) -> Duration {
    let broker = EmbeddedBroker::new();
    let lane = Lane::encode();
    let mut consumer = broker.consume_tasks(&lane).await.unwrap();
    let began = Instant::now();
    for _ in 0..messages {
        broker
            .publish_task(&samples::task(&lane), LONG)
            .await
            .unwrap();
    }
    for _ in 0..messages {
        consumer.next().await.unwrap().ack().await.unwrap();
    }
    began.elapsed()
}
