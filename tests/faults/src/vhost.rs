//! A virtual host of a test's own on a real RabbitMQ, made and removed by the management API. Knows nothing of what is in it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test speaks by panicking"
)]

use reqwest::{Client, Method};
use uuid::Uuid;

/// A virtual host; removed when dropped.
pub struct Vhost {
    /// Its name.
    pub name: String,
    api: String,
    amqp: String,
}

impl Vhost {
    /// Makes one on the tests' server.
    ///
    /// # Panics
    /// When the server isn't named in the environment, or makes none.
    pub async fn make() -> Self {
        Self::on(
            &variable("REELMILL_TEST_AMQP"),
            &variable("REELMILL_TEST_AMQP_API"),
        )
        .await
    }

    /// Makes one on the server of these URLs: AMQP without a virtual host, and the management API with user and password.
    ///
    /// # Panics
    /// When the server makes none.
    pub async fn on(amqp: &str, api: &str) -> Self {
        let vhost = Self {
            name: format!("test-{}", Uuid::now_v7()),
            api: api.trim_end_matches('/').to_owned(),
            amqp: amqp.trim_end_matches('/').to_owned(),
        };
        let path = format!("vhosts/{}", vhost.name);
        // Whoever makes a virtual host by the API has all rights in it.
        vhost.ask(Method::PUT, &path, "{}").await;
        vhost
    }

    /// For whoever connects to it.
    pub fn url(&self) -> String {
        format!("{}/{}", self.amqp, self.name)
    }

    /// Asks the management API.
    ///
    /// # Panics
    /// At anything but success.
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

/// A server of the tests, by its variable.
///
/// # Panics
/// When it is not set: a test whose server isn't there fails.
pub fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run `scripts/servers.sh start` first"))
}
