//! Stand-ins for the services and for the object store behind the front. They tell what they were asked, and count.

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::Notify;

/// A stand-in for webapp or status.
pub struct Service {
    pub port: u16,
    pub told: Arc<Told>,
    running: Running,
}

/// A server in a runtime of its own: it can be taken away with every connection that it has.
struct Running(Mutex<Option<Runtime>>);

impl Running {
    fn end(&self) {
        if let Some(runtime) = self.0.lock().unwrap().take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// What a stand-in saw, and what it is to do.
pub struct Told {
    name: String,
    store: u16,
    /// Requests so far.
    pub requests: AtomicUsize,
    /// Bytes of bodies so far.
    pub bytes: AtomicU64,
    /// Uploads are read only while this is so.
    pub reading: AtomicBool,
    /// Lets the second event of a stream go.
    pub next_event: Notify,
    /// The signature of the next redirect to the store.
    pub signature: Mutex<String>,
}

impl Service {
    /// Listens on a free port.
    pub async fn start(name: &str, store: &Store) -> Result<Self> {
        let told = Arc::new(Told {
            name: name.to_owned(),
            store: store.port,
            requests: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            reading: AtomicBool::new(true),
            next_event: Notify::new(),
            signature: Mutex::new("first".into()),
        });
        let app = Router::new().fallback(answer).with_state(told.clone());
        let (port, running) = serve(app).await?;
        Ok(Self {
            port,
            told,
            running,
        })
    }

    /// Stops listening and breaks every connection.
    pub fn die(&self) {
        self.running.end();
    }
}

async fn serve(app: Router) -> Result<(u16, Running)> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    // The listener must belong to the runtime that serves it.
    let bound = runtime.spawn(TcpListener::bind("127.0.0.1:0"));
    let listener = bound.await??;
    let port = listener.local_addr()?.port();
    runtime.spawn(async move { axum::serve(listener, app).await });
    Ok((port, Running(Mutex::new(Some(runtime)))))
}

async fn answer(State(told): State<Arc<Told>>, request: Request) -> Response {
    told.requests.fetch_add(1, SeqCst);
    let path = request.uri().path().to_owned();
    let events = path.ends_with("/events") && request.method() == Method::GET;
    if events {
        return stream_of_events(told);
    }
    if path.starts_with("/media/") && request.method() != Method::POST {
        return redirect(&told, &request);
    }
    if path == "/api/v1/unwell" {
        return (StatusCode::SERVICE_UNAVAILABLE, "its own words").into_response();
    }
    let (head, body) = request.into_parts();
    let mut body = body.into_data_stream();
    while let Some(piece) = body.next().await {
        let Ok(piece) = piece else { break };
        told.bytes.fetch_add(piece.len() as u64, SeqCst);
        while !told.reading.load(SeqCst) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
    let headers: serde_json::Map<_, _> = head
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("").into()))
        .collect();
    let said = serde_json::json!({
        "service": told.name,
        "method": head.method.as_str(),
        "path": head.uri.to_string(),
        "bytes": told.bytes.load(SeqCst),
        "headers": headers,
        "padding": "x".repeat(2000),
    });
    axum::Json(said).into_response()
}

/// One event at once, the second when it is told to.
fn stream_of_events(told: Arc<Told>) -> Response {
    let first = format!("id: 1\ndata: {{\"by\":\"{}\"}}\n\n", told.name);
    let first = stream::once(async { Ok::<_, std::convert::Infallible>(first) });
    let second = stream::once(async move {
        told.next_event.notified().await;
        Ok("id: 2\ndata: {}\n\n".to_owned())
    });
    // Open until the client goes.
    let body = first.chain(second).chain(stream::pending());
    let kind = [(header::CONTENT_TYPE, "text/event-stream")];
    (kind, Body::from_stream(body)).into_response()
}

/// What status answers for a published file: `/media/JOB/OUTPUT/NAME` lies in the store as `NAME`.
fn redirect(told: &Told, request: &Request) -> Response {
    let name = request.uri().path().rsplit('/').next().unwrap_or_default();
    let known = request.headers().get(header::IF_NONE_MATCH);
    let mut headers = HeaderMap::new();
    let mut set = |name: &'static str, value: String| headers.insert(name, value.parse().unwrap());
    set("etag", "\"sha\"".into());
    if known.is_some_and(|tag| tag == "\"sha\"") {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    set("content-type", "video/x-matroska".into());
    set(
        "content-disposition",
        format!("inline; filename=\"{name}\""),
    );
    set("cache-control", "private, no-cache".into());
    set("accept-ranges", "bytes".into());
    set("content-security-policy", "default-src 'self'".into());
    set("referrer-policy", "no-referrer".into());
    set("x-frame-options", "DENY".into());
    if request.method() == Method::HEAD {
        set("content-length", SIZE.to_string());
        return (headers, Body::empty()).into_response();
    }
    let signature = told.signature.lock().unwrap().clone();
    let escaped = name.replace('%', "%25");
    set(
        "x-accel-redirect",
        format!(
            "/_objects/http/127.0.0.1:{}/bucket/{escaped}?X-Signature={signature}%2F",
            told.store
        ),
    );
    (headers, Body::empty()).into_response()
}

/// Bytes of every file in the store: more than two of nginx's slices.
pub const SIZE: usize = 9 * 1024 * 1024 + 17;

/// The bytes of every file.
pub fn bytes() -> Bytes {
    reelmill_tests::clips::noise(7, SIZE).into()
}

/// A stand-in for an S3 store.
pub struct Store {
    pub port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    running: Running,
}

/// A request that the store got.
#[derive(Debug, Clone)]
pub struct Seen {
    pub uri: String,
    pub headers: HeaderMap,
}

impl Store {
    /// Listens on a free port. A path that ends in a number of three digits is answered with that status.
    pub async fn start() -> Result<Self> {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let whole = bytes();
        let app = Router::new()
            .fallback(
                async |State((seen, whole)): State<(Arc<Mutex<Vec<Seen>>>, Bytes)>,
                       request: Request| {
                    seen.lock().unwrap().push(Seen {
                        uri: request.uri().to_string(),
                        headers: request.headers().clone(),
                    });
                    give(&whole, &request)
                },
            )
            .with_state((seen.clone(), whole));
        let (port, running) = serve(app).await?;
        Ok(Self {
            port,
            seen,
            running,
        })
    }

    /// Stops listening and breaks every connection.
    pub fn die(&self) {
        self.running.end();
    }

    /// Requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn give(whole: &Bytes, request: &Request) -> Response {
    let path = request.uri().path();
    let wanted = path
        .len()
        .checked_sub(3)
        .and_then(|at| path.get(at..)?.parse().ok());
    if let Some(status) = wanted.and_then(|status| StatusCode::from_u16(status).ok()) {
        return (status, "<Error><Secret>of the store</Secret></Error>").into_response();
    }
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("etag", "\"store\""),
        ("content-type", "binary/octet-stream"),
        ("last-modified", "Fri, 20 Nov 2026 10:00:00 GMT"),
        ("x-amz-request-id", "secret"),
        ("set-cookie", "store=1"),
        ("accept-ranges", "bytes"),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    let range = request
        .headers()
        .get(header::RANGE)
        .and_then(|r| r.to_str().ok());
    let bounds = range.and_then(|r| r.strip_prefix("bytes=")?.split_once('-'));
    let Some((first, last)) = bounds else {
        return (headers, whole.clone()).into_response();
    };
    let first: usize = first.parse().unwrap();
    let end = last
        .parse()
        .map_or(SIZE, |last: usize| (last + 1).min(SIZE));
    if first >= SIZE {
        return StatusCode::RANGE_NOT_SATISFIABLE.into_response();
    }
    let content_range = format!("bytes {first}-{}/{SIZE}", end - 1);
    headers.insert("content-range", content_range.parse().unwrap());
    (
        StatusCode::PARTIAL_CONTENT,
        headers,
        whole.slice(first..end),
    )
        .into_response()
}
