//! A vhost of a test's own on RabbitMQ, and the management API past all services.

use anyhow::{Context, Result, ensure};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use url::Url;

/// A vhost with a random name; deleted with this.
#[derive(Debug)]
pub struct Rabbit {
    amqp: Url,
    api: Url,
    name: String,
    http: Client,
}

/// What the management API says of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// `quorum`, `classic`, `stream`.
    pub kind: String,
    /// Messages that nobody has.
    pub ready: u64,
    /// Messages that were delivered and not acknowledged.
    pub unacknowledged: u64,
    /// Consumers.
    pub consumers: u64,
    /// Deliveries so far of messages that had been delivered before.
    pub redelivered: u64,
}

impl Rabbit {
    /// Makes one on the server of these URLs (AMQP without a vhost, management with user and password).
    pub async fn create(amqp: &str, api: &str) -> Result<Self> {
        let name = format!("cluster-{}", uuid::Uuid::now_v7().simple());
        let mut amqp = Url::parse(amqp)?;
        amqp.set_path(&name);
        let rabbit = Self {
            amqp,
            api: Url::parse(api)?,
            name,
            http: Client::new(),
        };
        let user = rabbit.api.username().to_owned();
        let all = json!({"configure": ".*", "write": ".*", "read": ".*"});
        let vhost = rabbit.path("vhosts", &[]);
        rabbit.call(Method::PUT, &vhost, Some(json!({}))).await?;
        let permission = rabbit.path("permissions", &[&user]);
        rabbit.call(Method::PUT, &permission, Some(all)).await?;
        Ok(rabbit)
    }

    /// Its AMQP URL.
    pub fn url(&self) -> String {
        self.amqp.to_string()
    }

    /// Its name.
    pub fn vhost(&self) -> &str {
        &self.name
    }

    /// `/api/<kind>/<vhost>/<more>…`
    fn path(&self, kind: &str, more: &[&str]) -> String {
        let mut path = format!("/api/{kind}/{}", self.name);
        for part in more {
            path.push('/');
            path.extend(url::form_urlencoded::byte_serialize(part.as_bytes()));
        }
        path
    }

    /// A call of the management API that must succeed; its JSON, null without a body.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let mut url = self.api.clone();
        let (user, password) = (url.username().to_owned(), url.password().map(str::to_owned));
        // Both are there: an HTTP URL with a host takes them.
        url.set_username("").ok();
        url.set_password(None).ok();
        let url = url.join(path)?;
        let mut request = self.http.request(method.clone(), url);
        request = request.basic_auth(user, password);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request
            .send()
            .await
            .context("asking RabbitMQ's management API")?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{method} {path}: {status} {text}");
        if text.is_empty() {
            return Ok(Value::Null);
        }
        Ok(serde_json::from_str(&text)?)
    }

    /// Every queue. Counts are up to a second or two old.
    pub async fn queues(&self) -> Result<Vec<Queue>> {
        let all = self
            .call(Method::GET, &self.path("queues", &[]), None)
            .await?;
        let all = all.as_array().context("no list of queues")?;
        let number = |v: &Value| v.as_u64().unwrap_or(0);
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        Ok(all
            .iter()
            .map(|q| Queue {
                name: text(&q["name"]),
                kind: text(&q["type"]),
                ready: number(&q["messages_ready"]),
                unacknowledged: number(&q["messages_unacknowledged"]),
                consumers: number(&q["consumers"]),
                redelivered: number(&q["message_stats"]["redeliver"]),
            })
            .collect())
    }

    /// One queue; fails when there is none of this name.
    pub async fn queue(&self, name: &str) -> Result<Queue> {
        let mut all = self.queues().await?;
        let place = all.iter().position(|q| q.name == name);
        let place = place.with_context(|| format!("no queue {name}"))?;
        Ok(all.swap_remove(place))
    }

    /// Removes what is ready in a queue.
    pub async fn purge(&self, queue: &str) -> Result<()> {
        let path = self.path("queues", &[queue, "contents"]);
        self.call(Method::DELETE, &path, None).await.map(drop)
    }

    /// Deletes a queue with all that is in it.
    pub async fn delete_queue(&self, queue: &str) -> Result<()> {
        let path = self.path("queues", &[queue]);
        self.call(Method::DELETE, &path, None).await.map(drop)
    }

    /// The names of the connections that are open, with what their clients call themselves.
    pub async fn connections(&self) -> Result<Vec<(String, String)>> {
        let path = format!("/api/vhosts/{}/connections", self.name);
        let all = self.call(Method::GET, &path, None).await?;
        let all = all.as_array().context("no list of connections")?;
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        Ok(all
            .iter()
            .map(|c| {
                let own = &c["client_properties"]["connection_name"];
                (text(&c["name"]), text(own))
            })
            .collect())
    }

    /// Closes every connection from the server's side; how many.
    pub async fn close_connections(&self) -> Result<usize> {
        let all = self.connections().await?;
        for (name, _) in &all {
            let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
            // The management API wants spaces as %20.
            let path = format!("/api/connections/{}", name.replace('+', "%20"));
            self.call(Method::DELETE, &path, None).await?;
        }
        Ok(all.len())
    }
}

impl Drop for Rabbit {
    fn drop(&mut self) {
        let (api, path) = (self.api.clone(), format!("/api/vhosts/{}", self.name));
        super::process::at_the_end("deleting a vhost", async move {
            // The URL's user and password are sent with it.
            let answer = Client::new().delete(api.join(&path)?).send().await?;
            answer.error_for_status()?;
            Ok(())
        });
    }
}
