//! A webapp on a port of its own, and requests to it.

use axum::Router;
use reelmill_broker::Broker;
use reelmill_domain::{id::UploadId, spec::SourceLimits};
use reelmill_embedded::EmbeddedBroker;
use reelmill_folder::FolderStore;
use reelmill_runtime::http::{HttpSettings, with_manners};
use reelmill_store::{
    Policy, Store,
    claim::ClaimTimes,
    uploads::{self, Upload},
};
use reelmill_webapp::{Webapp, WebappConfig};
use reqwest::{Body, Client, Method, Response};
use serde_json::Value;
use std::{path::PathBuf, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    sync::oneshot,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// Largest upload of these services.
pub const LARGEST: u64 = 64 * 1024 * 1024;

/// A running webapp, in a runtime of its own so that it can be made to die.
pub struct Service {
    /// Its address, without a slash at the end.
    pub base: String,
    pub http: Client,
    /// The test's own connection to the service's database.
    pub store: Store,
    pub broker: Arc<EmbeddedBroker>,
    dir: Arc<TempDir>,
    expiry_s: u64,
    stop: CancellationToken,
    ended: Option<oneshot::Receiver<()>>,
    runtime: Option<Runtime>,
}

impl Service {
    pub async fn start() -> Self {
        Self::start_with(3600).await
    }

    pub async fn start_with(expiry_s: u64) -> Self {
        Self::in_folder(Arc::new(TempDir::new().unwrap()), expiry_s, true).await
    }

    /// Another replica: the same database and the same objects.
    pub async fn replica(&self) -> Self {
        Self::in_folder(self.dir.clone(), self.expiry_s, false).await
    }

    async fn in_folder(dir: Arc<TempDir>, expiry_s: u64, alone: bool) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let broker = EmbeddedBroker::new();
        let stop = CancellationToken::new();
        let runtime = Runtime::new().unwrap();
        let (started, start) = oneshot::channel();
        let (ending, ended) = oneshot::channel();
        let (folder, hints, shutdown) = (dir.clone(), broker.clone(), stop.clone());
        runtime.spawn(async move {
            let (webapp, router) = serve_from(&folder, hints, &listener, expiry_s, alone).await;
            let listener = TcpListener::from_std(listener).unwrap();
            started.send(()).unwrap();
            let graceful = shutdown.clone().cancelled_owned();
            let serve = axum::serve(listener, router).with_graceful_shutdown(graceful);
            let (served, ()) = tokio::join!(serve, webapp.run(shutdown));
            served.unwrap();
            ending.send(()).unwrap();
        });
        start.await.unwrap();
        let store = Store::connect(&database(&dir)).await.unwrap();
        Self {
            base,
            http: Client::new(),
            store,
            broker,
            dir,
            expiry_s,
            stop,
            ended: Some(ended),
            runtime: Some(runtime),
        }
    }

    /// Ends it as a crash would: nothing is stored any more, no lock let go. Then starts another on the same folder.
    pub async fn crash(mut self) -> Self {
        self.runtime.take().unwrap().shutdown_background();
        Self::in_folder(self.dir.clone(), self.expiry_s, true).await
    }

    /// Ends it as `kill -9` would.
    pub fn kill(mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }

    /// Ends it in order, and starts another on the same folder.
    pub async fn restart(mut self) -> Self {
        self.stop.cancel();
        self.ended.take().unwrap().await.unwrap();
        Self::in_folder(self.dir.clone(), self.expiry_s, true).await
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A request with headers and a body.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Response {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, self.url(path)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    /// The JSON at an address.
    pub async fn json(&self, path: &str) -> Value {
        let answer = self.send("GET", path, &[], "").await;
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    /// A request with a JSON body.
    pub async fn send_json(&self, method: &str, path: &str, body: &Value) -> Response {
        let json = [("content-type", "application/json")];
        self.send(method, path, &json, body.to_string()).await
    }

    /// A POST with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.send_json("POST", path, body).await
    }

    /// Uploads a whole file; returns its id.
    pub async fn put(&self, name: &str, data: &'static str) -> String {
        let path = format!("/api/v1/uploads?name={name}");
        let answer = self.send("PUT", &path, &[], data).await;
        assert_eq!(answer.status(), 201);
        let upload: Value = answer.json().await.unwrap();
        upload["id"].as_str().unwrap().to_owned()
    }

    /// A job with one output made of an upload.
    pub async fn job(&self, upload: &str) -> Value {
        let answer = self.post("/api/v1/jobs", &crate::jobs::wish(upload)).await;
        assert_eq!(answer.status(), 201);
        answer.json().await.unwrap()
    }

    /// Begins a tus upload; returns its path.
    pub async fn create(&self, bytes: usize) -> String {
        let length = bytes.to_string();
        let headers = [
            ("tus-resumable", "1.0.0"),
            ("upload-length", length.as_str()),
        ];
        let answer = self.send("POST", "/api/v1/uploads", &headers, "").await;
        assert_eq!(answer.status(), 201);
        header(&answer, "location").unwrap()
    }

    /// Sends bytes to a tus upload.
    pub async fn patch(&self, path: &str, offset: u64, body: impl Into<Body>) -> Response {
        self.patch_with(path, offset, &[], body).await
    }

    pub async fn patch_with(
        &self,
        path: &str,
        offset: u64,
        more: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Response {
        let offset = offset.to_string();
        let mut headers = vec![
            ("tus-resumable", "1.0.0"),
            ("content-type", "application/offset+octet-stream"),
            ("upload-offset", offset.as_str()),
        ];
        headers.extend_from_slice(more);
        self.send("PATCH", path, &headers, body).await
    }

    /// What HEAD says an upload has.
    pub async fn offset(&self, path: &str) -> u64 {
        let answer = self
            .send("HEAD", path, &[("tus-resumable", "1.0.0")], "")
            .await;
        assert_eq!(answer.status(), 200);
        header(&answer, "upload-offset").unwrap().parse().unwrap()
    }

    /// The stored object of a complete upload.
    pub fn object(&self, upload: &Value) -> PathBuf {
        let id = upload["id"].as_str().unwrap();
        self.dir.path().join("objects/sources").join(id)
    }

    /// The row of an upload.
    pub async fn upload(&self, path: &str) -> Upload {
        let id: UploadId = path.rsplit('/').next().unwrap().parse().unwrap();
        uploads::find(self.store.db(), id).await.unwrap().unwrap()
    }

    /// Whether somebody writes to an upload.
    pub async fn locked(&self, path: &str) -> bool {
        let now = reelmill_store::now(self.store.db()).await.unwrap();
        self.upload(path).await.is_locked(now)
    }

    /// A PATCH that announces more than it sends and has the lock: the connection, to be kept or dropped.
    pub async fn hanging(
        &self,
        path: &str,
        offset: u64,
        announced: usize,
        sent: &[u8],
    ) -> TcpStream {
        let address = self.base.trim_start_matches("http://");
        let mut connection = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "PATCH {path} HTTP/1.1\r\nHost: {address}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: {offset}\r\n\
             Content-Type: application/offset+octet-stream\r\nContent-Length: {announced}\r\n\r\n"
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(sent).await.unwrap();
        until("the lock", async || self.locked(path).await).await;
        connection
    }

    /// Every file in the object folder, but for the store's own lock files.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.dir.path().join("objects")];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false if path.ends_with("lock") => {}
                    false => files.push(path),
                }
            }
        }
        files
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn database(dir: &TempDir) -> String {
    format!("sqlite:{}", dir.path().join("db").display())
}

async fn serve_from(
    dir: &TempDir,
    broker: Arc<dyn Broker>,
    listener: &std::net::TcpListener,
    expiry_s: u64,
    alone: bool,
) -> (Webapp, Router) {
    let store = Store::connect(&database(dir)).await.unwrap();
    store.migrate().await.unwrap();
    let http = HttpSettings {
        public_url: None,
        cors_origins: Vec::new(),
        listen: listener.local_addr().unwrap(),
    };
    let limits = SourceLimits {
        duration_s: 3600,
        pixels: 1 << 25,
        streams: 32,
    };
    let config = WebappConfig {
        http: http.clone(),
        upload_bytes: LARGEST,
        upload_expiry_s: expiry_s,
        policy: Policy {
            max_attempts: 3,
            limits,
            cores: 2,
            expire_after_s: None,
        },
        lease: Duration::from_secs(10),
        times: ClaimTimes::new(Duration::from_secs(60), Duration::from_secs(10)),
        alone,
    };
    let objects = FolderStore::open(&dir.path().join("objects")).unwrap();
    let webapp = Webapp::new(config, store, broker, objects).await.unwrap();
    let (router, _) = webapp.router().split_for_parts();
    (webapp, with_manners(router, &http))
}

pub fn header(answer: &Response, name: &str) -> Option<String> {
    Some(answer.headers().get(name)?.to_str().unwrap().to_owned())
}

/// Holds an answer to be a problem with this status and code.
pub async fn problem(answer: Response, status: u16, code: &str) -> Value {
    assert_eq!(
        header(&answer, "content-type").as_deref(),
        Some("application/problem+json")
    );
    let got = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    assert_eq!((got, body["code"].as_str()), (status, Some(code)), "{body}");
    body
}

/// Waits until a condition holds, at most 20 s.
pub async fn until<F: AsyncFnMut() -> bool>(what: &str, mut holds: F) {
    let begun = Instant::now();
    while !holds().await {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{what} did not come true"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Bytes that differ by place.
pub fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|i| (i * 31 + i / 251) as u8).collect()
}
