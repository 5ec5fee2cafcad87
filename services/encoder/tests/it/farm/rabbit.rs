//! A virtual host of one's own on a real RabbitMQ, by its management API.

use reelmill_rabbitmq::{RabbitBroker, RabbitConfig};
use reqwest::{Client, Method};
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// A virtual host; removed when dropped.
pub struct Vhost {
    name: String,
    amqp: String,
    api: String,
}

impl Vhost {
    pub async fn make() -> Self {
        let made = Self {
            name: format!("encoder-{}", Uuid::now_v7()),
            amqp: variable("REELMILL_TEST_AMQP"),
            api: variable("REELMILL_TEST_AMQP_API"),
        };
        let path = format!("vhosts/{}", made.name);
        ask(&made.api, Method::PUT, &path).await;
        made
    }

    /// A connection of somebody's.
    pub async fn connect(&self, who: &str) -> Arc<RabbitBroker> {
        RabbitBroker::connect(RabbitConfig {
            url: format!("{}/{}", self.amqp.trim_end_matches('/'), self.name),
            connection_name: who.to_owned(),
        })
        .await
        .unwrap()
    }

    /// The connections of somebody, which the management API shows some seconds after they were made.
    pub async fn connections(&self, who: &str) -> Vec<String> {
        let path = format!("vhosts/{}/connections", self.name);
        let all: Value = serde_json::from_str(&ask(&self.api, Method::GET, &path).await).unwrap();
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
    pub async fn cut(&self, connections: &[String]) {
        for name in connections {
            let name = name.replace(' ', "%20").replace('>', "%3E");
            ask(&self.api, Method::DELETE, &format!("connections/{name}")).await;
        }
    }
}

async fn ask(api: &str, method: Method, path: &str) -> String {
    let url = format!("{}/api/{path}", api.trim_end_matches('/'));
    let request = Client::new()
        .request(method, &url)
        .header("content-type", "application/json");
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
                .block_on(ask(&api, Method::DELETE, &path));
        });
        if removing.join().is_err() && !std::thread::panicking() {
            panic!("the virtual host could not be removed");
        }
    }
}

fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run `scripts/servers.sh start` first"))
}
