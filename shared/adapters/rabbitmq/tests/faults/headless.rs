//! Queues whose process is gone for good, as after some crashes of a broker: they are made anew, and what is sent then arrives.

use crate::{
    common::{Opens, Vhost},
    node::{Node, node},
};
use reelmill_broker::{Broker, suite::samples};
use reelmill_domain::lane::Lane;
use std::time::Duration;
use tokio::time::{sleep, timeout};

const LONG: Duration = Duration::from_secs(600);
/// Fifteen seconds of patience, and some connections that end meanwhile.
const HEALED: Duration = Duration::from_secs(60);

/// Ends a queue's process and what it keeps on disk, and leaves the queue declared.
fn behead(node: &Node, vhost: &Vhost, queue: &str) {
    let server = format!("{{'{}_{queue}', node()}}", vhost.name);
    let said = node.ctl(&[
        "eval",
        &format!("ra:force_delete_server(quorum_queues, {server})."),
    ]);
    assert_eq!(said.trim(), "ok");
    assert!(!has_process(node, vhost, queue));
}

fn has_process(node: &Node, vhost: &Vhost, queue: &str) -> bool {
    let said = node.ctl(&["eval", &format!("whereis('{}_{queue}').", vhost.name)]);
    said.trim() != "undefined"
}

#[tokio::test]
async fn queues_without_a_process_are_made_anew() {
    let node = node().await;
    let vhost = node.vhost().await;
    let broker = vhost.broker().await;
    let lane = Lane::encode();
    drop(broker.consume_tasks(&lane).await.unwrap());
    drop(broker.consume_events().await.unwrap());
    for queue in ["reelmill.tasks.encode", "reelmill.events"] {
        assert!(has_process(&node, &vhost, queue));
        behead(&node, &vhost, queue);
    }

    let sent = samples::task(&lane);
    let event = samples::event(samples::worker(), 1);
    let exchange = async {
        let (mut came, mut heard) = (None, None);
        while came.is_none() || heard.is_none() {
            // As workers and status do: consume again whenever that ends, and publish until it is taken.
            if let Ok(mut tasks) = broker.consume_tasks(&lane).await {
                let publish = broker.publish_task(&sent, LONG);
                let (_, taken) =
                    tokio::join!(publish, timeout(Duration::from_secs(1), tasks.next()));
                came = came.or(taken.ok().flatten().map(|task| task.message));
            }
            if let Ok(mut events) = broker.consume_events().await {
                let publish = broker.publish_event(&event);
                let (_, told) =
                    tokio::join!(publish, timeout(Duration::from_secs(1), events.next()));
                heard = heard.or(told.ok().flatten().map(|event| event.message));
            }
            sleep(Duration::from_millis(200)).await;
        }
        (came, heard)
    };
    let exchanged = timeout(HEALED, exchange).await;
    let (came, heard) = exchanged.expect("the queues are made anew");
    assert_eq!(came, Some(sent));
    assert_eq!(heard, Some(event));
    for queue in ["reelmill.tasks.encode", "reelmill.events"] {
        assert!(has_process(&node, &vhost, queue));
    }
}
