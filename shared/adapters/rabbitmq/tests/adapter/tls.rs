//! `amqps:` with an authority of one's own.

use reelmill_broker::{Broker, suite::samples};
use reelmill_domain::lane::Lane;
use reelmill_faults::{Vhost, variable};
use reelmill_rabbitmq::{RabbitBroker, RabbitConfig};
use std::{sync::Arc, time::Duration};

async fn secure(vhost: &Vhost, parameters: &str) -> Arc<RabbitBroker> {
    let server = variable("REELMILL_TEST_AMQPS");
    let config = RabbitConfig {
        url: format!(
            "{}/{}{parameters}",
            server.trim_end_matches('/'),
            vhost.name
        ),
        connection_name: "tls".into(),
    };
    RabbitBroker::connect(config).await.unwrap()
}

#[tokio::test]
async fn everything_travels_encrypted() {
    let vhost = Vhost::make().await;
    let authority = variable("REELMILL_TEST_CA");
    let broker = secure(&vhost, &format!("?cacertfile={authority}")).await;
    crate::common::until("it is connected", || async { broker.check().await.is_ok() }).await;
    let lane = Lane::encode();
    let mut consumer = broker.consume_tasks(&lane).await.unwrap();
    let sent = samples::task(&lane);
    broker
        .publish_task(&sent, Duration::from_secs(600))
        .await
        .unwrap();
    let came = consumer.next().await.unwrap();
    assert_eq!(came.message, sent);
    came.ack().await.unwrap();

    let path = format!("vhosts/{}/connections", vhost.name);
    crate::common::until("the broker says that it is encrypted", || async {
        let text = vhost.ask(reqwest::Method::GET, &path, "").await;
        let connections: serde_json::Value = serde_json::from_str(&text).unwrap();
        let connections = connections.as_array().unwrap().clone();
        !connections.is_empty() && connections.iter().all(|c| c["ssl"] == true)
    })
    .await;
}

#[tokio::test]
async fn an_unknown_authority_is_refused() {
    let vhost = Vhost::make().await;
    let broker = secure(&vhost, "").await;
    let refused = broker.check().await.unwrap_err().to_string();
    assert!(refused.contains("ertificate"), "{refused}");
}

#[tokio::test]
async fn a_file_that_holds_no_authority_is_told() {
    let vhost = Vhost::make().await;
    let broker = secure(&vhost, "?cacertfile=/dev/null").await;
    let refused = broker.check().await.unwrap_err().to_string();
    assert!(refused.contains("/dev/null"), "{refused}");
}
