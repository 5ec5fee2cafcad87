//! A Swift container of a cluster's own.

use super::Stored;
use crate::cluster::process::at_the_end;
use anyhow::{Context, Result, ensure};
use reqwest::{Client, Method};
use serde_json::Value;

const USER: &str = "test:tester";
const KEY: &str = "testing";
/// What temporary URLs of the account are signed with: one key for all tests, since the account is one.
const TEMP_URL_KEY: &str = "temporary-testing";

/// A container with a random name; deleted with all that is in it.
#[derive(Debug)]
pub struct Swift {
    auth_url: String,
    container: String,
}

/// A session: where the account is, and the token that opens it.
struct Session {
    http: Client,
    storage_url: String,
    token: String,
}

impl Swift {
    /// Makes one.
    pub async fn create(auth_url: &str) -> Result<Self> {
        let container = format!("cluster-{}", uuid::Uuid::now_v7().simple());
        let session = Session::open(auth_url).await?;
        session.call(Method::PUT, &container).await?;
        Ok(Self {
            auth_url: auth_url.to_owned(),
            container,
        })
    }

    pub(super) fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("storage.url", format!("swift://{}", self.container)),
            ("storage.auth_url", self.auth_url.clone()),
            ("storage.user", USER.into()),
            ("storage.key", KEY.into()),
            ("storage.temp_url_key", TEMP_URL_KEY.into()),
        ]
    }

    pub(super) async fn list(&self) -> Result<Vec<Stored>> {
        let session = Session::open(&self.auth_url).await?;
        session.list(&self.container).await
    }
}

impl Session {
    async fn open(auth_url: &str) -> Result<Self> {
        let http = Client::new();
        let request = http
            .get(auth_url)
            .header("x-auth-user", USER)
            .header("x-auth-key", KEY);
        let answer = request.send().await.context("asking Swift for a token")?;
        let header = |name: &str| -> Result<String> {
            let value = answer
                .headers()
                .get(name)
                .with_context(|| format!("no {name}"))?;
            Ok(value.to_str()?.to_owned())
        };
        let (storage_url, token) = (header("x-storage-url")?, header("x-auth-token")?);
        Ok(Self {
            http,
            storage_url,
            token,
        })
    }

    async fn call(&self, method: Method, path: &str) -> Result<String> {
        let url = format!("{}/{path}", self.storage_url);
        let request = self
            .http
            .request(method.clone(), url)
            .header("x-auth-token", &self.token);
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{method} {path}: {status} {text}");
        Ok(text)
    }

    async fn list(&self, container: &str) -> Result<Vec<Stored>> {
        let mut found: Vec<Stored> = Vec::new();
        loop {
            let after = found.last().map_or("", |object| object.key.as_str());
            let after: String = url::form_urlencoded::byte_serialize(after.as_bytes()).collect();
            let path = format!("{container}?format=json&marker={after}");
            let page: Value = serde_json::from_str(&self.call(Method::GET, &path).await?)?;
            let page = page.as_array().context("no list")?;
            if page.is_empty() {
                return Ok(found);
            }
            for object in page {
                let key = object["name"]
                    .as_str()
                    .context("an object without a name")?;
                found.push(Stored {
                    key: key.to_owned(),
                    bytes: object["bytes"].as_u64().unwrap_or(0),
                });
            }
        }
    }
}

impl Drop for Swift {
    fn drop(&mut self) {
        let (auth_url, container) = (self.auth_url.clone(), self.container.clone());
        at_the_end("deleting a container", async move {
            let session = Session::open(&auth_url).await?;
            for object in session.list(&container).await? {
                // Our keys need no escaping in a path.
                session
                    .call(Method::DELETE, &format!("{container}/{}", object.key))
                    .await?;
            }
            session.call(Method::DELETE, &container).await?;
            Ok(())
        });
    }
}
