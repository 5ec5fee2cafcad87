//! A broker that can't be used: every call ends in time, with an error that says why.

use crate::common::{Opens, Vhost, all_fail, cause, connect, until};
use reelmill_broker::{Broker, BrokerError, suite::samples};
use reelmill_domain::lane::Lane;
use reelmill_rabbitmq::{RabbitBroker, RabbitConfig};
use reqwest::Method;
use std::time::Duration;
use tokio::net::TcpListener;

const LONG: Duration = Duration::from_secs(600);

#[tokio::test]
async fn nobody_there() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = port.local_addr().unwrap();
    drop(port);
    let broker = connect(format!("amqp://{address}")).await;
    all_fail(&broker).await;
    let cause = cause(broker.check().await);
    assert!(cause.to_lowercase().contains("refused"), "{cause}");
}

#[tokio::test]
async fn a_login_that_is_refused_is_told() {
    let vhost = Vhost::make().await;
    let broker = connect(vhost.url().replacen("guest:guest@", "guest:wrong@", 1)).await;
    let cause = cause(broker.check().await);
    assert!(
        cause.contains("ACCESS_REFUSED") || cause.contains("403"),
        "{cause}"
    );
    assert!(!cause.contains("wrong"), "{cause}");
}

#[tokio::test]
async fn a_vhost_that_is_missing_is_told_and_found_when_it_comes() {
    let vhost = Vhost::make().await;
    let path = format!("vhosts/{}", vhost.name);
    vhost.ask(Method::DELETE, &path, "").await;
    let broker = connect(vhost.url()).await;
    let cause = cause(broker.check().await);
    assert!(cause.contains(&vhost.name), "{cause}");
    vhost.ask(Method::PUT, &path, "{}").await;
    until("it is connected", || async { broker.check().await.is_ok() }).await;
}

/// A queue that another program made otherwise can't be used, and says so.
#[tokio::test]
async fn a_queue_of_another_make_is_told() {
    let vhost = Vhost::make().await;
    let path = format!("queues/{}/reelmill.events", vhost.name);
    vhost.ask(Method::PUT, &path, r#"{"durable":true}"#).await;
    let broker = connect(vhost.url()).await;
    let cause = cause(broker.check().await);
    assert!(cause.contains("reelmill.events"), "{cause}");
    vhost.ask(Method::DELETE, &path, "").await;
    until("it is connected", || async { broker.check().await.is_ok() }).await;
}

#[tokio::test]
async fn a_url_that_makes_no_sense_is_refused_at_once() {
    let refused = RabbitBroker::connect(RabbitConfig {
        url: "amqp://".into(),
        connection_name: String::new(),
    });
    assert!(matches!(
        refused.await,
        Err(BrokerError::Misconfigured { .. })
    ));
}

#[tokio::test]
async fn a_lane_whose_name_is_too_long_is_refused() {
    let vhost = Vhost::make().await;
    let broker = vhost.broker().await;
    let lane = Lane("x".repeat(201));
    let refused = broker.consume_tasks(&lane).await.map(drop);
    assert!(
        matches!(refused, Err(BrokerError::Malformed { .. })),
        "{refused:?}"
    );
    let refused = broker.publish_task(&samples::task(&lane), LONG).await;
    assert!(
        matches!(refused, Err(BrokerError::Malformed { .. })),
        "{refused:?}"
    );
}
