//! What is on the broker, seen from outside: the queues as they were agreed, the messages with all their properties, and a place
//! for what can't be read.

use crate::common::{Opens, Vhost, until};
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    options::{BasicGetOptions, BasicPublishOptions},
    types::AMQPValue,
};
use reelmill_broker::{Broker, suite::samples};
use reelmill_domain::{lane::Lane, wire::SCHEMA};
use reqwest::Method;
use serde_json::Value;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(600);

/// A connection beside the adapter's.
async fn beside(vhost: &Vhost) -> (Connection, Channel) {
    let connection = Connection::connect(&vhost.url(), ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    (connection, channel)
}

/// The first message of a queue, taken out; waits for one.
async fn taken(channel: &Channel, queue: &str) -> (BasicProperties, Vec<u8>) {
    for _ in 0..500 {
        let options = BasicGetOptions { no_ack: true };
        if let Some(got) = channel.basic_get(queue.into(), options).await.unwrap() {
            return (got.delivery.properties, got.delivery.data);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nothing came to {queue}");
}

#[tokio::test]
async fn the_queues_are_those_agreed() {
    let vhost = Vhost::make().await;
    let broker = vhost.broker().await;
    drop(broker.consume_tasks(&Lane::light()).await.unwrap());
    let _listener = broker.listen_control().await.unwrap();

    let path = format!("queues/{}", vhost.name);
    let queues: Value = serde_json::from_str(&vhost.ask(Method::GET, &path, "").await).unwrap();
    let durable = |name: &str| {
        let queue = queues
            .as_array()
            .unwrap()
            .iter()
            .find(|q| q["name"] == name);
        let queue = queue.unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(queue["type"], "quorum", "{name}");
        assert_eq!(queue["durable"], true, "{name}");
        queue["arguments"].clone()
    };
    for name in [
        "reelmill.jobs",
        "reelmill.events",
        "reelmill.tasks.dead",
        "reelmill.tasks.light",
    ] {
        let arguments = durable(name);
        assert_eq!(
            arguments["x-dead-letter-strategy"], "at-least-once",
            "{name}"
        );
        assert_eq!(arguments["x-overflow"], "reject-publish", "{name}");
        assert!(
            arguments["x-delivery-limit"].as_i64().unwrap() >= 20,
            "{name}"
        );
    }
    let light = durable("reelmill.tasks.light");
    assert_eq!(light["x-dead-letter-routing-key"], "reelmill.tasks.dead");
    durable("reelmill.unreadable");
    for queue in queues.as_array().unwrap() {
        let passing = !queue["durable"].as_bool().unwrap();
        assert_eq!(passing, queue["exclusive"].as_bool().unwrap(), "{queue}");
        if passing {
            assert_eq!(queue["arguments"]["x-overflow"], "drop-head");
        }
    }

    let path = format!("exchanges/{}", vhost.name);
    let exchanges: Value = serde_json::from_str(&vhost.ask(Method::GET, &path, "").await).unwrap();
    for (name, kind) in [
        ("reelmill.tasks", "direct"),
        ("reelmill.progress", "fanout"),
        ("reelmill.control", "fanout"),
    ] {
        let found = exchanges
            .as_array()
            .unwrap()
            .iter()
            .find(|e| e["name"] == name);
        assert_eq!(found.unwrap()["type"], kind, "{name}");
    }
}

#[tokio::test]
async fn a_message_carries_what_others_need() {
    let vhost = Vhost::make().await;
    let broker = vhost.broker().await;
    let (_connection, channel) = beside(&vhost).await;
    let event = samples::event(samples::worker(), 1);
    broker.publish_event(&event).await.unwrap();
    let (properties, body) = taken(&channel, "reelmill.events").await;
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["schema"], SCHEMA);
    assert_eq!(body.get("trace"), None);
    assert_eq!(properties.delivery_mode(), &Some(2));
    let text = |of: &Option<lapin::types::ShortString>| of.as_ref().map(ToString::to_string);
    assert_eq!(text(properties.content_type()).unwrap(), "application/json");
    assert_eq!(
        text(properties.message_id()).unwrap(),
        event.id.0.to_string()
    );
    let headers = properties.headers().as_ref().unwrap();
    let trace = event.trace.unwrap();
    match headers.inner().get("traceparent") {
        Some(AMQPValue::LongString(value)) => assert_eq!(value.to_string(), trace.as_str()),
        other => panic!("{other:?}"),
    }
}

/// While services are brought up to date, a newer replica may be able to act on it: whoever gets it gives it back.
#[tokio::test]
async fn an_event_of_a_newer_version_is_not_lost() {
    let vhost = Vhost::make().await;
    let broker = vhost.broker().await;
    let mut newer = samples::event(samples::worker(), 1);
    newer.schema = SCHEMA + 1;
    broker.publish_event(&newer).await.unwrap();
    let mut reader = broker.consume_events().await.unwrap();
    for _ in 0..2 {
        let came = reader.next().await.unwrap();
        assert_eq!(came.message, newer);
        drop(came);
    }
    reader.next().await.unwrap().ack().await.unwrap();
}

#[tokio::test]
async fn what_is_no_message_at_all_stops_nothing() {
    let vhost = Vhost::make().await;
    let broker = vhost.broker().await;
    let (_connection, channel) = beside(&vhost).await;
    let bodies = [
        &b"not JSON"[..],
        b"",
        b"{}",
        b"{\"schema\":1}",
        b"{\"schema\":65535,\"of\":\"another shape\"}",
    ];
    for body in bodies {
        channel
            .basic_publish(
                "".into(),
                "reelmill.jobs".into(),
                BasicPublishOptions::default(),
                body,
                BasicProperties::default(),
            )
            .await
            .unwrap()
            .await
            .unwrap();
    }
    let good = samples::hint();
    broker.publish_job(&good).await.unwrap();
    let mut reader = broker.consume_jobs().await.unwrap();
    assert_eq!(reader.next().await.unwrap().message, good);
    let told = async {
        while broker.unreadable().await.unwrap() != bodies.len() as u64 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), told)
        .await
        .unwrap();
    for _ in bodies {
        let (properties, _) = taken(&channel, "reelmill.unreadable").await;
        let deaths = properties.headers().as_ref().unwrap().inner();
        assert!(deaths.contains_key("x-death"), "it says where it came from");
    }
}

/// The worker is older than status. What it can read it gets, to give the run back without a failure; what it can't ends
/// among the dead.
#[tokio::test]
async fn a_task_of_a_newer_version_is_the_workers_to_give_back() {
    let vhost = Vhost::make().await;
    let broker = vhost.broker().await;
    let (_connection, channel) = beside(&vhost).await;
    let lane = Lane::encode();
    let mut worker = broker.consume_tasks(&lane).await.unwrap();
    let strange = b"{\"schema\":65535,\"of\":\"another shape\"}";
    channel
        .basic_publish(
            "reelmill.tasks".into(),
            lane.0.as_str().into(),
            BasicPublishOptions::default(),
            strange,
            BasicProperties::default(),
        )
        .await
        .unwrap()
        .await
        .unwrap();
    let mut newer = samples::task(&lane);
    newer.schema = SCHEMA + 1;
    broker.publish_task(&newer, LONG).await.unwrap();
    let came = worker.next().await.unwrap();
    assert_eq!(came.message, newer);
    came.ack().await.unwrap();
    let (_, body) = taken(&channel, "reelmill.tasks.dead").await;
    assert_eq!(body, strange);
}

/// A worker makes a consumer for every task; the broker must not be left with a channel of each.
#[tokio::test]
async fn channels_are_used_again() {
    let vhost = Vhost::make().await;
    let broker = vhost.broker().await;
    let lane = Lane::encode();
    for _ in 0..50 {
        let mut consumer = broker.consume_tasks(&lane).await.unwrap();
        let task = samples::task(&lane);
        let (published, came) = tokio::join!(broker.publish_task(&task, LONG), consumer.next());
        published.unwrap();
        came.unwrap().ack().await.unwrap();
    }
    // Numbers of channels grow with every one that is open at once; one opened now is the next free.
    let path = format!("vhosts/{}/channels", vhost.name);
    until("the broker's figures show the lane's channel", || async {
        let text = vhost.ask(Method::GET, &path, "").await;
        let channels: Value = serde_json::from_str(&text).unwrap();
        let channels = channels.as_array().unwrap();
        assert!(channels.len() < 12, "{} channels", channels.len());
        channels.len() >= 2
    })
    .await;
}

#[tokio::test]
async fn connections_are_named() {
    let vhost = Vhost::make().await;
    let _broker = vhost.broker().await;
    let path = format!("vhosts/{}/connections", vhost.name);
    until("both connections are seen by their names", || async {
        let text = vhost.ask(Method::GET, &path, "").await;
        let connections: Value = serde_json::from_str(&text).unwrap();
        let names: Vec<String> = connections
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["client_properties"]["connection_name"].to_string())
            .collect();
        ["publishes", "consumes"].iter().all(|role| {
            names
                .iter()
                .any(|n| n.contains(&vhost.name) && n.contains(role))
        })
    })
    .await;
}
