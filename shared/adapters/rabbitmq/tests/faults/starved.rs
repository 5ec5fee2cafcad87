//! The broker is short of memory: it takes nothing in. Publishers are told so in time, and consumers go on.

use crate::{
    common::{Opens, cause, until},
    node::node,
};
use reelmill_broker::{Broker, suite::samples};
use reelmill_domain::lane::Lane;
use std::time::Duration;
use tokio::time::{Instant, timeout};

const LONG: Duration = Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_memory_alarm() {
    let node = node().await;
    let vhost = node.vhost().await;
    let broker = vhost.broker().await;
    let lane = Lane::encode();
    let mut consumer = broker.consume_tasks(&lane).await.unwrap();
    let (one, two) = (samples::task(&lane), samples::task(&lane));
    broker.publish_task(&one, LONG).await.unwrap();
    broker.publish_task(&two, LONG).await.unwrap();

    node.ctl(&["set_vm_memory_high_watermark", "absolute", "1MB"]);
    // The broker blocks a connection when it next publishes.
    until("the connection is blocked", || async {
        broker
            .publish_progress(&samples::progress(1))
            .await
            .is_err()
    })
    .await;
    let told = cause(broker.check().await);
    assert!(told.contains("memory"), "{told}");
    let began = Instant::now();
    let event = samples::event(samples::worker(), 1);
    let told = cause(broker.publish_event(&event).await);
    assert!(told.contains("memory"), "{told}");
    assert!(began.elapsed() < Duration::from_secs(8));
    let began = Instant::now();
    cause(broker.publish_control(&samples::control()).await);
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "what may be lost waits for nothing"
    );

    for sent in [&one, &two] {
        let came = timeout(Duration::from_secs(5), consumer.next())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(&came.message, sent);
        came.ack().await.unwrap();
    }

    node.ctl(&["set_vm_memory_high_watermark", "0.4"]);
    until("the broker takes messages again", || async {
        broker.publish_event(&event).await.is_ok()
    })
    .await;
    broker.check().await.unwrap();
    // What was acknowledged under the alarm is gone for good.
    drop(consumer);
    let mut again = broker.consume_tasks(&lane).await.unwrap();
    assert!(
        timeout(Duration::from_millis(500), again.next())
            .await
            .is_err()
    );
}

/// A service that ends while the broker blocks it leaves no thread behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_under_the_alarm() {
    let node = node().await;
    let vhost = node.vhost().await;
    let before = crate::threads::of_the_library();
    let broker = vhost.broker().await;
    node.ctl(&["set_vm_memory_high_watermark", "absolute", "1MB"]);
    until("the connection is blocked", || async {
        broker
            .publish_progress(&samples::progress(1))
            .await
            .is_err()
    })
    .await;
    drop(broker);
    until("its threads end", || async {
        crate::threads::of_the_library() <= before
    })
    .await;
    node.ctl(&["set_vm_memory_high_watermark", "0.4"]);
}
