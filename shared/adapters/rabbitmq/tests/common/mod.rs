//! What the tests of the adapter share: a broker in a virtual host of their own, and calls that must fail.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    reason = "a test speaks by panicking, and not every one needs all of this"
)]

use reelmill_broker::{Broker, BrokerError, suite::samples};
use reelmill_domain::lane::Lane;
pub use reelmill_faults::Vhost;
use reelmill_rabbitmq::{RabbitBroker, RabbitConfig};
use std::{sync::Arc, time::Duration};

/// Opens it as services do.
pub trait Opens {
    /// A broker that can be used.
    async fn broker(&self) -> Arc<RabbitBroker>;
}

impl Opens for Vhost {
    async fn broker(&self) -> Arc<RabbitBroker> {
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
