//! A virtual host of one's own on the test broker, made and removed by its management API.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    reason = "a test speaks by panicking, and not every one needs all of this"
)]

use reelmill_broker::{Broker, BrokerError, suite::samples};
use reelmill_domain::lane::Lane;
use reelmill_rabbitmq::{RabbitBroker, RabbitConfig};
use reqwest::{Client, Method};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// A virtual host; removed when dropped.
pub struct Vhost {
    pub name: String,
    api: String,
    amqp: String,
}

impl Vhost {
    pub async fn make() -> Self {
        Self::on(
            &variable("REELMILL_TEST_AMQP"),
            &variable("REELMILL_TEST_AMQP_API"),
        )
        .await
    }

    pub async fn on(amqp: &str, api: &str) -> Self {
        let vhost = Self {
            name: format!("test-{}", Uuid::now_v7()),
            api: api.trim_end_matches('/').to_owned(),
            amqp: amqp.trim_end_matches('/').to_owned(),
        };
        let path = format!("vhosts/{}", vhost.name);
        vhost.ask(Method::PUT, &path, "{}").await;
        // Whoever makes a virtual host by the API has all rights in it.
        vhost
    }

    /// For `RabbitConfig`.
    pub fn url(&self) -> String {
        format!("{}/{}", self.amqp, self.name)
    }

    pub async fn broker(&self) -> Arc<RabbitBroker> {
        let broker = RabbitBroker::connect(RabbitConfig {
            url: self.url(),
            connection_name: self.name.clone(),
        });
        let broker = broker.await.unwrap();
        until("the broker can be used", || async {
            broker.check().await.is_ok()
        })
        .await;
        broker
    }

    /// Asks the management API; anything but success fails the test.
    pub async fn ask(&self, method: Method, path: &str, body: &'static str) -> String {
        ask(&self.api, method, path, body).await
    }
}

async fn ask(api: &str, method: Method, path: &str, body: &'static str) -> String {
    let url = format!("{api}/api/{path}");
    let request = Client::new()
        .request(method, &url)
        .header("content-type", "application/json")
        .body(body);
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(status.is_success(), "{url}: {status} {text}");
    text
}

impl Drop for Vhost {
    fn drop(&mut self) {
        let (api, path) = (self.api.clone(), format!("vhosts/{}", self.name));
        let removing = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap()
                .block_on(ask(&api, Method::DELETE, &path, ""));
        });
        if removing.join().is_err() && !std::thread::panicking() {
            panic!("the virtual host could not be removed");
        }
    }
}

pub fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run `scripts/servers.sh start` first"))
}

/// Waits for something that must come true.
pub async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let trying = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), trying)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"));
}

/// For the suite.
pub async fn fresh() -> (Arc<dyn Broker>, Vhost) {
    let vhost = Vhost::make().await;
    (vhost.broker().await, vhost)
}

/// The adapter's own patience is 5 s.
const IN_TIME: Duration = Duration::from_secs(12);

/// A broker that may be away.
pub async fn connect(url: String) -> Arc<RabbitBroker> {
    let connection_name = "test".to_owned();
    RabbitBroker::connect(RabbitConfig {
        url,
        connection_name,
    })
    .await
    .unwrap()
}

/// Why a call failed, as it must.
pub fn cause<T>(refused: Result<T, BrokerError>) -> String {
    match refused {
        Err(BrokerError::Unreachable { cause, .. }) => cause,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it worked"),
    }
}

/// Every method of the port fails within its time.
pub async fn all_fail(broker: &RabbitBroker) {
    let lane = Lane::encode();
    let (task, event, hint) = (
        samples::task(&lane),
        samples::event(samples::worker(), 1),
        samples::hint(),
    );
    let (progress, control) = (samples::progress(1), samples::control());
    let calls = async {
        tokio::join!(
            async { cause(broker.publish_task(&task, Duration::from_secs(600)).await) },
            async { cause(broker.publish_event(&event).await) },
            async { cause(broker.publish_job(&hint).await) },
            async { cause(broker.publish_progress(&progress).await) },
            async { cause(broker.publish_control(&control).await) },
            async { cause(broker.consume_tasks(&lane).await) },
            async { cause(broker.consume_dead().await) },
            async { cause(broker.consume_events().await) },
            async { cause(broker.consume_jobs().await) },
            async { cause(broker.listen_progress().await) },
            async { cause(broker.listen_control().await) },
            async { cause(broker.check().await) },
        );
    };
    tokio::time::timeout(IN_TIME, calls)
        .await
        .expect("a call hangs");
}
