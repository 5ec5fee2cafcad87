//! The AMQP library has a thread for each connection. None may stay behind.

use crate::{
    common::{Opens, all_fail, cause, connect, until},
    node::node,
};
use reelmill_broker::Broker;
use std::time::Duration;
use tokio::{net::TcpListener, time::timeout};

/// The library's threads of this process.
pub fn of_the_library() -> usize {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok())
        .filter(|name| name.starts_with("lapin-io"))
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn brokers_come_and_go() {
    let node = node().await;
    let vhost = node.vhost().await;
    let before = of_the_library();
    for _ in 0..5 {
        let broker = vhost.broker().await;
        assert_eq!(of_the_library(), before + 2);
        drop(broker);
        until("its threads end", || async { of_the_library() <= before }).await;
    }
}

#[tokio::test]
async fn a_peer_that_never_answers() {
    let _turn = node().await;
    let before = of_the_library();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (count, tries) = tokio::sync::watch::channel(0);
    let holding = tokio::spawn(async move {
        let mut held = Vec::new();
        loop {
            held.push(listener.accept().await.unwrap());
            count.send_modify(|tries| *tries += 1);
        }
    });
    let broker = connect(format!("amqp://{address}")).await;
    all_fail(&broker).await;
    let cause = cause(broker.check().await);
    assert!(cause.contains("no answer"), "{cause}");
    // It tries again, and no thread stays behind from the try before.
    let mut tries = tries;
    let again = tries.wait_for(|tries| *tries >= 6);
    timeout(Duration::from_secs(40), again)
        .await
        .unwrap()
        .unwrap();
    until("threads of given up tries end", || async {
        of_the_library() <= before + 2
    })
    .await;
    holding.abort();
}
