//! Messages a second time, and a third: RabbitMQ's firehose hears what is published for a moment, and then each message is
//! published four times more, in any order (<https://www.rabbitmq.com/docs/firehose>).

use super::chance::Chance;
use super::kind::Kind;
use super::look;
use anyhow::{Context, Result};
use reelmill_tests::cluster::Rabbit;
use reelmill_tests::wait::secs;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// Hears everything; deleted at once.
const HEARD: &str = "soak.heard";
/// More of them would say nothing more.
const MOST: usize = 30;

/// Repeats messages of a kind; how many were added.
pub async fn repeat(rabbit: &Rabbit, kind: Kind, chance: &mut Chance) -> u64 {
    // The exchange it is published to, and how its routing key begins.
    let (exchange, key, want) = match kind {
        Kind::TasksRepeated => ("reelmill.tasks", "", ""),
        Kind::HintsRepeated => ("", "reelmill.jobs", ""),
        _ => ("", "reelmill.events", "\"attempt\""),
    };
    let heard = look::within(secs(4), || async { listen(rabbit, exchange).await.ok() });
    if heard.await.is_none() {
        quiet(rabbit).await;
        return 0;
    }
    let mut messages: Vec<Value> = Vec::new();
    let deadline = tokio::time::Instant::now() + secs(12);
    let least = 3 + chance.below(6);
    while messages.len() < least && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(chance.ms(200, 600)).await;
        messages.extend(
            take(rabbit)
                .await
                .unwrap_or_default()
                .into_iter()
                .filter(|m| {
                    let to = m["properties"]["headers"]["routing_keys"][0].as_str();
                    let body = m["payload"].as_str().unwrap_or_default();
                    to.is_some_and(|to| to.starts_with(key)) && body.contains(want)
                }),
        );
    }
    quiet(rabbit).await;
    messages.truncate(MOST);
    let mut again: Vec<&Value> = messages.iter().flat_map(|m| [m; 4]).collect();
    chance.shuffle(&mut again);
    let mut added = 0;
    for message in again {
        added += u64::from(publish(rabbit, message).await.unwrap_or(false));
    }
    added
}

/// As [`hush`], which is tried again at the end of the soak.
async fn quiet(rabbit: &Rabbit) {
    if !hush(rabbit).await {
        eprintln!("the firehose could not be closed yet");
    }
}

async fn listen(rabbit: &Rabbit, exchange: &str) -> Result<()> {
    let vhost = rabbit.vhost();
    let queue = format!("/api/queues/{vhost}/{HEARD}");
    let options = json!({"durable": false, "auto_delete": false});
    rabbit.call(Method::PUT, &queue, Some(options)).await?;
    let bind = format!("/api/bindings/{vhost}/e/amq.rabbitmq.trace/q/{HEARD}");
    let published = json!({"routing_key": format!("publish.{exchange}")});
    rabbit.call(Method::POST, &bind, Some(published)).await?;
    trace(rabbit, true).await
}

async fn trace(rabbit: &Rabbit, on: bool) -> Result<()> {
    let path = format!("/api/vhosts/{}", rabbit.vhost());
    let body = json!({ "tracing": on });
    rabbit.call(Method::PUT, &path, Some(body)).await.map(drop)
}

/// Both must go, or the queue would fill for ever. Neither waits for the other: a broker that is being broken does now the
/// one, now the other. False: it still hears.
pub async fn hush(rabbit: &Rabbit) -> bool {
    let (mut silent, mut gone) = (false, false);
    let deadline = tokio::time::Instant::now() + secs(60);
    while !(silent && gone) && tokio::time::Instant::now() < deadline {
        silent = silent || trace(rabbit, false).await.is_ok();
        gone = gone || is_gone(rabbit).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    silent && gone
}

async fn is_gone(rabbit: &Rabbit) -> bool {
    match rabbit.queues().await {
        Ok(queues) if queues.iter().any(|q| q.name == HEARD) => {
            rabbit.delete_queue(HEARD).await.is_ok()
        }
        Ok(_) => true,
        Err(_) => false,
    }
}

async fn take(rabbit: &Rabbit) -> Result<Vec<Value>> {
    let path = format!("/api/queues/{}/{HEARD}/get", rabbit.vhost());
    let all = json!({"count": 500, "ackmode": "ack_requeue_false", "encoding": "auto"});
    let got = rabbit.call(Method::POST, &path, Some(all)).await?;
    Ok(got.as_array().context("no messages")?.clone())
}

/// Publishes a heard message as it was; whether a queue took it.
async fn publish(rabbit: &Rabbit, heard: &Value) -> Result<bool> {
    let headers = &heard["properties"]["headers"];
    let exchange = match headers["exchange_name"].as_str() {
        Some("") | None => "amq.default",
        Some(name) => name,
    };
    let path = format!("/api/exchanges/{}/{exchange}/publish", rabbit.vhost());
    let message = json!({
        "properties": headers["properties"],
        "routing_key": headers["routing_keys"][0],
        "payload": heard["payload"],
        "payload_encoding": heard["payload_encoding"],
    });
    let answer = rabbit.call(Method::POST, &path, Some(message)).await?;
    Ok(answer["routed"] == true)
}
