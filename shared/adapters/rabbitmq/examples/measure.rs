//! Measures the adapter alone against a broker: `cargo run --release -p reelmill-rabbitmq --example measure -- amqp://…/vhost`.
//! The virtual host must be an empty one.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measuring program"
)]

use reelmill_broker::{Broker, suite::samples};
use reelmill_domain::lane::Lane;
use reelmill_rabbitmq::{RabbitBroker, RabbitConfig};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

const LONG: Duration = Duration::from_secs(3_600);

#[tokio::main]
async fn main() {
    let url = std::env::args().nth(1).unwrap();
    let connection_name = "measure".to_owned();
    let broker = RabbitBroker::connect(RabbitConfig {
        url,
        connection_name,
    });
    let broker = broker.await.unwrap();
    for publishers in [1, 8, 64, 256] {
        publish(&broker, publishers, 8_000).await;
    }
    for slots in [1, 4, 16] {
        full_lane(&broker, slots, 4_000).await;
    }
    empty_lane(&broker, 500).await;
    events(&broker, 8_000).await;
}

/// The share of sorted durations below which the given part lies.
fn at(sorted: &[Duration], part: f64) -> Duration {
    sorted[((sorted.len() - 1) as f64 * part) as usize]
}

fn tell(what: &str, count: usize, took: Duration, mut each: Vec<Duration>) {
    each.sort();
    println!(
        "{what:<44} {:>8.0}/s   p50 {:>9.2?}   p99 {:>9.2?}",
        count as f64 / took.as_secs_f64(),
        at(&each, 0.5),
        at(&each, 0.99),
    );
}

async fn publish(broker: &Arc<RabbitBroker>, publishers: usize, all: usize) {
    let lane = Lane(format!("measure-{publishers}"));
    drop(broker.consume_tasks(&lane).await.unwrap());
    let began = Instant::now();
    let mut work = JoinSet::new();
    for _ in 0..publishers {
        let (broker, lane) = (broker.clone(), lane.clone());
        work.spawn(async move {
            let mut each = Vec::new();
            for _ in 0..all / publishers {
                let began = Instant::now();
                let task = samples::task(&lane);
                broker.publish_task(&task, LONG).await.unwrap();
                each.push(began.elapsed());
            }
            each
        });
    }
    let each: Vec<_> = work.join_all().await.into_iter().flatten().collect();
    let what = format!("publish a task, {publishers} at once");
    tell(&what, each.len(), began.elapsed(), each);
}

/// As a worker does it: a consumer of its own for every task.
async fn full_lane(broker: &Arc<RabbitBroker>, slots: usize, all: usize) {
    let lane = Lane(format!("full-{slots}"));
    drop(broker.consume_tasks(&lane).await.unwrap());
    let mut work = JoinSet::new();
    for _ in 0..64 {
        let (broker, lane) = (broker.clone(), lane.clone());
        work.spawn(async move {
            for _ in 0..all / 64 {
                let task = samples::task(&lane);
                broker.publish_task(&task, LONG).await.unwrap();
            }
        });
    }
    work.join_all().await;
    let began = Instant::now();
    let mut work = JoinSet::new();
    for _ in 0..slots {
        let (broker, lane) = (broker.clone(), lane.clone());
        work.spawn(async move {
            let mut each = Vec::new();
            for _ in 0..(all / 64 * 64) / slots {
                let began = Instant::now();
                let mut consumer = broker.consume_tasks(&lane).await.unwrap();
                let came = consumer.next().await.unwrap();
                came.ack().await.unwrap();
                each.push(began.elapsed());
            }
            each
        });
    }
    let each: Vec<_> = work.join_all().await.into_iter().flatten().collect();
    let what = format!("take from a full lane, {slots} slots");
    tell(&what, each.len(), began.elapsed(), each);
}

/// From before the publishing to the task in hand, with a consumer waiting.
async fn empty_lane(broker: &Arc<RabbitBroker>, all: usize) {
    let lane = Lane("empty".into());
    let mut each = Vec::new();
    let began = Instant::now();
    for _ in 0..all {
        let mut consumer = broker.consume_tasks(&lane).await.unwrap();
        let task = samples::task(&lane);
        let waiting = async {
            let came = consumer.next().await.unwrap();
            let at = Instant::now();
            came.ack().await.unwrap();
            at
        };
        let publishing = async {
            // So that the consumer waits already.
            tokio::time::sleep(Duration::from_millis(20)).await;
            let began = Instant::now();
            broker.publish_task(&task, LONG).await.unwrap();
            began
        };
        let (came, sent) = tokio::join!(waiting, publishing);
        each.push(came - sent);
    }
    tell("publish to hand, empty lane", all, began.elapsed(), each);
}

async fn events(broker: &Arc<RabbitBroker>, all: usize) {
    let worker = samples::worker();
    let began = Instant::now();
    let mut work = JoinSet::new();
    for _ in 0..64 {
        let broker = broker.clone();
        work.spawn(async move {
            for n in 0..all / 64 {
                let event = samples::event(worker, n as u32);
                broker.publish_event(&event).await.unwrap();
            }
        });
    }
    let mut reader = broker.consume_events().await.unwrap();
    let mut each = Vec::new();
    for _ in 0..all / 64 * 64 {
        let began = Instant::now();
        reader.next().await.unwrap().ack().await.unwrap();
        each.push(began.elapsed());
    }
    work.join_all().await;
    tell(
        "events, published and read at once",
        all,
        began.elapsed(),
        each,
    );
}
