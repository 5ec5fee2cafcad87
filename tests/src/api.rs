//! The HTTP API as a client without any knowledge of the inside uses it: JSON in, JSON out.

use crate::wait::until;
use anyhow::{Context, Result, bail, ensure};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// A server's API.
#[derive(Debug, Clone)]
pub struct Api {
    base: String,
    /// The client under it, for requests of a test's own.
    pub http: Client,
}

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Its `Content-Type`, empty when it has none.
    pub content_type: String,
    /// Its `Location`, if it has one.
    pub location: Option<String>,
    /// Its body.
    pub text: String,
}

impl Answer {
    async fn read(response: Response) -> Result<Self> {
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .and_then(|v| v.to_str().ok())
                .map(str::to_owned)
        };
        Ok(Self {
            status: response.status().as_u16(),
            content_type: header("content-type").unwrap_or_default(),
            location: header("location"),
            text: response.text().await?,
        })
    }

    /// Its body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.text)
            .with_context(|| format!("{} with a body that is no JSON: {}", self.status, self.text))
    }

    /// Holds it to be a problem with this status and this code, in the one shape that errors have.
    pub fn problem(&self, status: u16, code: &str) -> Result<Value> {
        ensure!(
            self.status == status,
            "expected {status} {code}, got {}: {}",
            self.status,
            self.text
        );
        ensure!(
            self.content_type.starts_with("application/problem+json"),
            "{status} came as {}: {}",
            self.content_type,
            self.text
        );
        let body = self.json()?;
        ensure!(body["code"] == code, "expected code {code}: {body}");
        ensure!(body["status"] == status, "its status field differs: {body}");
        for field in ["title", "detail"] {
            ensure!(
                body[field].as_str().is_some_and(|t| !t.is_empty()),
                "no {field}: {body}"
            );
        }
        Ok(body)
    }
}

impl Api {
    /// The API at a base URL without a slash at its end.
    pub fn new(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            http: Client::new(),
        }
    }

    /// An absolute URL.
    pub fn url(&self, path: &str) -> String {
        if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base)
        }
    }

    /// A request, answered whatever the status.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Answer> {
        let mut request = self.http.request(method.clone(), self.url(path));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request
            .send()
            .await
            .with_context(|| format!("{method} {path}"))?;
        Answer::read(response).await
    }

    /// A request with a body and headers of one's own.
    pub async fn raw(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Result<Answer> {
        let mut request = self.http.request(method.clone(), self.url(path)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request
            .send()
            .await
            .with_context(|| format!("{method} {path}"))?;
        Answer::read(response).await
    }

    /// A request that must succeed, as JSON.
    pub async fn ok(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let answer = self.call(method.clone(), path, body).await?;
        ensure!(
            (200..300).contains(&answer.status),
            "{method} {path}: {} {}",
            answer.status,
            answer.text
        );
        if answer.text.is_empty() {
            return Ok(Value::Null);
        }
        answer.json()
    }

    /// `GET` that must succeed.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.ok(Method::GET, path, None).await
    }

    /// Uploads bytes in one request; the upload's id.
    pub async fn upload(&self, name: &str, bytes: Vec<u8>) -> Result<String> {
        let mut url = url::Url::parse(&self.url("/api/v1/uploads"))?;
        url.query_pairs_mut().append_pair("name", name);
        let answer = self.raw(Method::PUT, url.as_str(), &[], bytes).await?;
        ensure!(
            answer.status == 201,
            "upload: {} {}",
            answer.status,
            answer.text
        );
        let id = answer.json()?["id"].as_str().map(str::to_owned);
        id.context("an upload without an id")
    }

    /// Uploads a file under its own name.
    pub async fn upload_file(&self, path: &Path) -> Result<String> {
        let name = path.file_name().context("no file name")?;
        self.upload(&name.to_string_lossy(), tokio::fs::read(path).await?)
            .await
    }

    /// Asks for outputs of an upload; the job as it answered.
    pub async fn submit(&self, upload: &str, presets: &[&str]) -> Result<Value> {
        self.submit_with(upload, presets, json!({})).await
    }

    /// [`Api::submit`] with further fields of the job.
    pub async fn submit_with(&self, upload: &str, presets: &[&str], more: Value) -> Result<Value> {
        let outputs: Vec<Value> = presets.iter().map(|p| json!({"preset": p})).collect();
        let mut body = json!({"source": {"upload": upload}, "outputs": outputs});
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        self.ok(Method::POST, "/api/v1/jobs", Some(body)).await
    }

    /// Uploads a file and asks for outputs; the job's id.
    pub async fn make(&self, file: &Path, presets: &[&str]) -> Result<String> {
        let upload = self.upload_file(file).await?;
        id(&self.submit(&upload, presets).await?)
    }

    /// A job.
    pub async fn job(&self, id: &str) -> Result<Value> {
        self.get(&format!("/api/v1/jobs/{id}")).await
    }

    /// Waits for a job to be as `is` wants it. Fails when it ends otherwise.
    pub async fn job_when(
        &self,
        id: &str,
        what: &str,
        within: Duration,
        is: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        until(what, within, || async {
            let job = self.job(id).await?;
            if is(&job) {
                return Ok(Some(job));
            }
            if ended(&job) {
                bail!("waited for \"{what}\", but the job has ended: {job:#}");
            }
            Ok(None)
        })
        .await
    }

    /// Waits for a job to end, however.
    pub async fn ended(&self, id: &str, within: Duration) -> Result<Value> {
        self.job_when(id, "the job to end", within, ended).await
    }

    /// Waits for a job to end in a state.
    pub async fn ends(&self, id: &str, state: &str, within: Duration) -> Result<Value> {
        let job = self.ended(id, within).await?;
        ensure!(job["state"] == state, "expected {state}: {job:#}");
        Ok(job)
    }

    /// The bytes behind a URL.
    pub async fn download(&self, url: &str) -> Result<Vec<u8>> {
        let response = self.http.get(self.url(url)).send().await?;
        ensure!(response.status() == 200, "GET {url}: {}", response.status());
        Ok(response.bytes().await?.to_vec())
    }
}

/// Whether a job is in a terminal state.
pub fn ended(job: &Value) -> bool {
    matches!(
        job["state"].as_str(),
        Some("completed" | "partially_completed" | "failed" | "cancelled")
    )
}

/// The id of anything that has one.
pub fn id(of: &Value) -> Result<String> {
    of["id"]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("no id: {of}"))
}

/// A job's output by its preset's name.
pub fn output<'a>(job: &'a Value, preset: &str) -> Result<&'a Value> {
    job["outputs"]
        .as_array()
        .and_then(|all| all.iter().find(|o| o["preset"] == preset))
        .with_context(|| format!("no output {preset}: {job:#}"))
}
