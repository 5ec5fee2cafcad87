//! An administrator takes queues and connections away: whoever waits is told, and everything comes back by itself.

use crate::{
    common::{Opens, Vhost, until},
    crowd::Crowd,
    node::{CONSUMER_TIMEOUT_S, node},
};
use reelmill_broker::{Broker, BrokerError, suite::samples};
use reelmill_domain::lane::Lane;
use reqwest::Method;
use std::{sync::atomic::Ordering, time::Duration};
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(600);
const SOON: Duration = Duration::from_secs(10);

async fn delete_queue(vhost: &Vhost, queue: &str) {
    let path = format!("queues/{}/{queue}", vhost.name);
    vhost.ask(Method::DELETE, &path, "").await;
}

/// Closes all connections of a virtual host from the broker's side.
async fn close_connections(vhost: &Vhost) {
    let mut closed = 0;
    let path = format!("vhosts/{}/connections", vhost.name);
    // The list lags behind.
    until("both connections are listed and closed", || async {
        let text = vhost.ask(Method::GET, &path, "").await;
        let listed: serde_json::Value = serde_json::from_str(&text).unwrap();
        let names: Vec<_> = listed
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["name"].clone())
            .collect();
        for name in &names {
            let name = name
                .as_str()
                .unwrap()
                .replace(' ', "%20")
                .replace('>', "%3E");
            vhost
                .ask(Method::DELETE, &format!("connections/{name}"), "")
                .await;
        }
        names.len() >= 2
    })
    .await;
    closed += 2;
    assert!(closed > 0);
}

#[tokio::test]
async fn a_lane_is_deleted_under_a_waiting_worker() {
    let node = node().await;
    let vhost = node.vhost().await;
    let broker = vhost.broker().await;
    let lane = Lane::encode();
    let mut waiting = broker.consume_tasks(&lane).await.unwrap();
    let taker = tokio::spawn(async move { waiting.next().await.is_none() });
    until("it waits at the broker", || async {
        let path = format!("queues/{}/reelmill.tasks.encode", vhost.name);
        vhost
            .ask(Method::GET, &path, "")
            .await
            .contains("\"consumers\":1")
    })
    .await;
    delete_queue(&vhost, "reelmill.tasks.encode").await;
    assert!(timeout(SOON, taker).await.unwrap().unwrap());

    let sent = samples::task(&lane);
    let refused = broker.publish_task(&sent, LONG).await;
    assert!(
        matches!(refused, Err(BrokerError::Unroutable { .. })),
        "{refused:?}"
    );
    let mut again = broker.consume_tasks(&lane).await.unwrap();
    broker.publish_task(&sent, LONG).await.unwrap();
    let came = timeout(SOON, again.next()).await.unwrap().unwrap();
    assert_eq!(came.message, sent);
    came.ack().await.unwrap();
}

/// A worker whose channel was put by when the lane went finds out, and makes the lane again at the next try.
#[tokio::test]
async fn a_lane_is_deleted_while_nobody_waits() {
    let node = node().await;
    let vhost = node.vhost().await;
    let broker = vhost.broker().await;
    let lane = Lane::encode();
    drop(broker.consume_tasks(&lane).await.unwrap());
    delete_queue(&vhost, "reelmill.tasks.encode").await;
    let mut tries = 0;
    let sent = samples::task(&lane);
    let came = loop {
        tries += 1;
        assert!(tries <= 2, "the lane stays away");
        let mut consumer = broker.consume_tasks(&lane).await.unwrap();
        let publish = async {
            // Refused as long as the lane is away.
            while broker.publish_task(&sent, LONG).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let next = timeout(SOON, consumer.next());
        tokio::select! {
            came = next => match came.unwrap() {
                Some(came) => break came.message,
                None => continue,
            },
            () = async { publish.await; std::future::pending::<()>().await } => unreachable!(),
        }
    };
    assert_eq!(tries, 2, "the fault was not met");
    assert_eq!(came, sent);
}

#[tokio::test]
async fn the_events_are_deleted() {
    let node = node().await;
    let vhost = node.vhost().await;
    let broker = vhost.broker().await;
    let mut reader = broker.consume_events().await.unwrap();
    delete_queue(&vhost, "reelmill.events").await;
    assert!(timeout(SOON, reader.next()).await.unwrap().is_none());
    let event = samples::event(samples::worker(), 1);
    broker.publish_event(&event).await.unwrap();
    let mut reader = broker.consume_events().await.unwrap();
    assert_eq!(
        timeout(SOON, reader.next()).await.unwrap().unwrap().message,
        event
    );
}

#[tokio::test]
async fn a_lane_is_purged() {
    let node = node().await;
    let vhost = node.vhost().await;
    let broker = vhost.broker().await;
    let lane = Lane::encode();
    let mut consumer = broker.consume_tasks(&lane).await.unwrap();
    let (lost, kept) = (samples::task(&lane), samples::task(&lane));
    broker.publish_task(&lost, LONG).await.unwrap();
    let path = format!("queues/{}/reelmill.tasks.encode/contents", vhost.name);
    vhost.ask(Method::DELETE, &path, "").await;
    broker.publish_task(&kept, LONG).await.unwrap();
    let came = timeout(SOON, consumer.next()).await.unwrap().unwrap();
    assert_eq!(came.message, kept);
    came.ack().await.unwrap();
}

#[tokio::test]
async fn the_connections_are_closed() {
    let node = node().await;
    let vhost = node.vhost().await;
    let broker = vhost.broker().await;
    let lane = Lane::encode();
    let mut consumer = broker.consume_tasks(&lane).await.unwrap();
    let mut control = broker.listen_control().await.unwrap();
    let sent = samples::task(&lane);
    broker.publish_task(&sent, LONG).await.unwrap();
    let held = consumer.next().await.unwrap();
    close_connections(&vhost).await;
    assert!(timeout(SOON, control.next()).await.unwrap().is_none());
    assert!(held.ack().await.is_err(), "a stale acknowledgement fails");
    let mut again = broker.consume_tasks(&lane).await.unwrap();
    let came = timeout(SOON, again.next()).await.unwrap().unwrap();
    assert_eq!(came.message, sent);
    assert!(came.redelivered);
    came.ack().await.unwrap();
    until("it is well again", || async {
        broker.check().await.is_ok()
    })
    .await;
}

/// Many messages are on their way at once when the connection breaks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_connections_are_closed_under_load() {
    let node = node().await;
    let vhost = node.vhost().await;
    let broker = vhost.broker().await;
    let mut crowd = Crowd::gather(&broker, 32).await;
    for _ in 0..3 {
        crowd.send_more(500).await;
        close_connections(&vhost).await;
    }
    crowd.send_more(500).await;
    crowd.settle().await;
    assert!(crowd.books.refused.load(Ordering::Relaxed) > 0);
    assert!(crowd.books.ended.load(Ordering::Relaxed) > 0);
}

/// Waiting for a task costs nothing, however long; holding one too long ends the channel, and the task goes to another.
#[tokio::test]
async fn the_consumer_timeout() {
    let node = node().await;
    let vhost = node.vhost().await;
    let broker = vhost.broker().await;
    let lane = Lane::encode();
    let mut consumer = broker.consume_tasks(&lane).await.unwrap();
    let waits = Duration::from_secs(CONSUMER_TIMEOUT_S + 2);
    assert!(timeout(waits, consumer.next()).await.is_err());
    let mut patient = broker.consume_tasks(&lane).await.unwrap();
    let sent = samples::task(&lane);
    let publish = async {
        tokio::time::sleep(waits).await;
        broker.publish_task(&sent, LONG).await.unwrap();
    };
    let (held, ()) = tokio::join!(patient.next(), publish);
    let held = held.unwrap();
    assert_eq!(held.message, sent);

    let mut other = broker.consume_tasks(&lane).await.unwrap();
    let came = timeout(4 * waits, other.next()).await.unwrap().unwrap();
    assert_eq!(came.message, sent);
    assert!(came.redelivered);
    assert!(held.ack().await.is_err(), "a stale acknowledgement fails");
    came.ack().await.unwrap();
}
