//! A client of the HTTP API: JSON in, JSON out; what a server refuses becomes one line.

pub mod download;
pub mod follow;
pub mod remember;
pub mod upload;

use anyhow::{Context, anyhow, ensure};
use reelmill_domain::api::{Page, Problem};
use reelmill_runtime::config;
use reqwest::{Certificate, Method, RequestBuilder, Response};
use serde::{Serialize, de::DeserializeOwned};
use std::{path::Path, time::Duration};

/// How long a server may take to answer a question. Never applies to bodies on their way.
const PATIENCE: Duration = Duration::from_secs(30);

/// Talks to one server.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    server: String,
}

impl Client {
    /// A client of the server that is configured; nothing is sent yet. For `https:` it trusts the authorities that this
    /// system trusts, and those of `client.ca_file`.
    pub fn new(config: &config::Client) -> anyhow::Result<Self> {
        let mut http = reqwest::Client::builder().connect_timeout(Duration::from_secs(5));
        if let Some(file) = &config.ca_file {
            http = http.tls_certs_merge(authorities(file)?);
        }
        Ok(Self {
            http: http.build().context("can't make an HTTP client")?,
            server: config.server.trim_end_matches('/').to_owned(),
        })
    }

    /// The server's address, without a slash at its end.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// A request to a path of the server, or to a whole URL that it gave.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with('/') {
            format!("{}{path}", self.server)
        } else {
            path.to_owned()
        };
        self.http.request(method, url)
    }

    /// Sends a request and refuses any answer that is not a success.
    pub async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let response = request.send().await.map_err(|e| self.unreachable(&e))?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(refused(response).await)
    }

    /// `GET`.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.read(self.request(Method::GET, path)).await
    }

    /// `POST` without a body.
    pub async fn post<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.read(self.request(Method::POST, path)).await
    }

    /// `PATCH`.
    pub async fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        self.read(self.request(Method::PATCH, path).json(body))
            .await
    }

    /// The items of a list, at most so many, following its cursor.
    pub async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        most: usize,
    ) -> anyhow::Result<Vec<T>> {
        let mut items: Vec<T> = Vec::new();
        let mut cursor: Option<String> = None;
        while items.len() < most {
            let mut query = Vec::new();
            if most < usize::MAX {
                query.push(("limit", (most - items.len()).min(100).to_string()));
            }
            query.extend(cursor.map(|c| ("cursor", c)));
            let page: Page<T> = self
                .read(self.request(Method::GET, path).query(&query))
                .await?;
            items.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        items.truncate(most);
        Ok(items)
    }

    /// Sends a question and reads the answer as JSON.
    pub async fn read<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<T> {
        let response = self.send(request.timeout(PATIENCE)).await?;
        let url = response.url().clone();
        response
            .json()
            .await
            .with_context(|| format!("{url} did not answer as Reelmill does"))
    }

    fn unreachable(&self, error: &reqwest::Error) -> anyhow::Error {
        if error.is_timeout() && !error.is_connect() {
            return anyhow!("{} did not answer in time", self.server);
        }
        if !error.is_connect() {
            return anyhow!("{} broke off: {}", self.server, root(error));
        }
        anyhow!(
            "can't reach {} ({}): start it with `reelmill serve`, or name another with --server",
            self.server,
            root(error)
        )
    }
}

/// The certificates of a PEM file.
fn authorities(file: &Path) -> anyhow::Result<Vec<Certificate>> {
    let shown = file.display();
    let pem = std::fs::read(file)
        .with_context(|| format!("the file that client.ca_file names ({shown}) can't be read"))?;
    let found = Certificate::from_pem_bundle(&pem)
        .with_context(|| format!("client.ca_file ({shown}) holds no certificates"))?;
    ensure!(
        !found.is_empty(),
        "client.ca_file ({shown}) holds no certificates"
    );
    Ok(found)
}

/// A failure that may go away by itself: the network's, never the server's refusal.
#[derive(Debug, thiserror::Error)]
#[error("{detail}{}", field.as_deref().map(|f| format!(" (field `{f}`)")).unwrap_or_default())]
pub struct Refused {
    /// HTTP status.
    pub status: u16,
    /// The problem's code, or empty.
    pub code: String,
    /// In plain words.
    pub detail: String,
    /// The field at fault.
    pub field: Option<String>,
}

/// What a server says instead of a success.
pub async fn refused(response: Response) -> anyhow::Error {
    let status = response.status();
    let url = response.url().clone();
    let body = response.bytes().await.unwrap_or_default();
    match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) => Refused {
            status: status.as_u16(),
            code: problem.code,
            detail: problem.detail,
            field: problem.field,
        },
        Err(_) => Refused {
            status: status.as_u16(),
            code: String::new(),
            detail: format!("{url} answered {status}, which is not how Reelmill answers"),
            field: None,
        },
    }
    .into()
}

/// The innermost cause: the one that says what happened.
fn root(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
