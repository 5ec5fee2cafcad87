//! A real RabbitMQ, as a farm's administrator sees it: who is connected, and who is cut off.

pub use reelmill_faults::Vhost;
use reelmill_rabbitmq::{RabbitBroker, RabbitConfig};
use reqwest::Method;
use serde_json::Value;
use std::sync::Arc;

/// A connection of somebody's.
pub async fn connect(vhost: &Vhost, who: &str) -> Arc<RabbitBroker> {
    RabbitBroker::connect(RabbitConfig {
        url: vhost.url(),
        connection_name: who.to_owned(),
    })
    .await
    .unwrap()
}

/// The connections of somebody, which the management API shows some seconds after they were made.
pub async fn connections(vhost: &Vhost, who: &str) -> Vec<String> {
    let path = format!("vhosts/{}/connections", vhost.name);
    let all: Value = serde_json::from_str(&vhost.ask(Method::GET, &path, "").await).unwrap();
    let all = all.as_array().unwrap().iter();
    let is_theirs = |connection: &&Value| {
        let name = connection["user_provided_name"].as_str();
        name.is_some_and(|name| name.starts_with(who))
    };
    all.filter(is_theirs)
        .map(|connection| connection["name"].as_str().unwrap().to_owned())
        .collect()
}

/// Closes connections, as an administrator would.
pub async fn cut(vhost: &Vhost, connections: &[String]) {
    for name in connections {
        let name = name.replace(' ', "%20").replace('>', "%3E");
        let path = format!("connections/{name}");
        vhost.ask(Method::DELETE, &path, "").await;
    }
}
