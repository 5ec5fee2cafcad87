//! A small OTLP receiver over HTTP: keeps what it is sent, or is slow, or refuses.

use anyhow::Result;
use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    common::v1::{AnyValue, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1 as otlp,
};
use prost::Message;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

/// How it answers.
#[derive(Debug, Clone, Copy)]
pub enum Manner {
    /// Takes everything.
    Takes,
    /// With 500.
    Refuses,
    /// After longer than anybody waits.
    Slow,
}

/// A span as it came.
#[derive(Debug, Clone)]
pub struct Span {
    pub service: String,
    pub name: String,
    pub trace: String,
    pub id: String,
    pub parent: String,
    pub attributes: BTreeMap<String, String>,
    /// The code of its status; 2 is an error.
    pub status: i32,
    pub links: usize,
}

/// A log record as it came.
#[derive(Debug, Clone)]
pub struct Log {
    pub service: String,
    pub body: String,
    pub attributes: BTreeMap<String, String>,
    pub trace: String,
}

#[derive(Default)]
struct Kept {
    requests: usize,
    spans: Vec<Span>,
    logs: Vec<Log>,
    /// Names of metrics with the services that told them.
    metrics: BTreeSet<(String, String)>,
}

/// The receiver; gone when dropped.
pub struct Receiver {
    kept: Arc<Mutex<Kept>>,
    pub endpoint: String,
    serving: tokio::task::JoinHandle<()>,
}

impl Receiver {
    pub async fn start(manner: Manner) -> Result<Self> {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let app = Router::new()
            .route("/v1/traces", post(traces))
            .route("/v1/metrics", post(metrics))
            .route("/v1/logs", post(logs))
            .with_state((kept.clone(), manner));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let serving = tokio::spawn(async move {
            axum::serve(listener, app).await.unwrap();
        });
        Ok(Self {
            kept,
            endpoint,
            serving,
        })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap()
    }

    pub fn requests(&self) -> usize {
        self.kept().requests
    }

    pub fn spans(&self) -> Vec<Span> {
        self.kept().spans.clone()
    }

    pub fn logs(&self) -> Vec<Log> {
        self.kept().logs.clone()
    }

    pub fn has_metric(&self, service: &str, name: &str) -> bool {
        let key = (service.to_owned(), name.to_owned());
        self.kept().metrics.contains(&key)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

type Shared = State<(Arc<Mutex<Kept>>, Manner)>;

async fn taken<T: Message + Default>(
    State((kept, manner)): Shared,
    body: Bytes,
    keep: impl FnOnce(&mut Kept, T),
) -> StatusCode {
    kept.lock().unwrap().requests += 1;
    match manner {
        Manner::Refuses => return StatusCode::INTERNAL_SERVER_ERROR,
        Manner::Slow => tokio::time::sleep(Duration::from_secs(600)).await,
        Manner::Takes => {}
    }
    let Ok(request) = T::decode(body) else {
        return StatusCode::BAD_REQUEST;
    };
    keep(&mut kept.lock().unwrap(), request);
    StatusCode::OK
}

async fn traces(state: Shared, body: Bytes) -> StatusCode {
    taken(state, body, |kept, request: ExportTraceServiceRequest| {
        for of in request.resource_spans {
            let service = service(of.resource);
            let spans = of.scope_spans.into_iter().flat_map(|s| s.spans);
            kept.spans.extend(spans.map(|span| read(&service, span)));
        }
    })
    .await
}

fn read(service: &str, span: otlp::Span) -> Span {
    Span {
        service: service.to_owned(),
        name: span.name,
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        attributes: attributes(span.attributes),
        status: span.status.map_or(0, |status| status.code),
        links: span.links.len(),
    }
}

async fn metrics(state: Shared, body: Bytes) -> StatusCode {
    taken(state, body, |kept, request: ExportMetricsServiceRequest| {
        for of in request.resource_metrics {
            let service = service(of.resource);
            let metrics = of.scope_metrics.into_iter().flat_map(|s| s.metrics);
            kept.metrics
                .extend(metrics.map(|m| (service.clone(), m.name)));
        }
    })
    .await
}

async fn logs(state: Shared, body: Bytes) -> StatusCode {
    taken(state, body, |kept, request: ExportLogsServiceRequest| {
        for of in request.resource_logs {
            let service = service(of.resource);
            let records = of.scope_logs.into_iter().flat_map(|s| s.log_records);
            kept.logs.extend(records.map(|record| Log {
                service: service.clone(),
                body: record.body.map(text).unwrap_or_default(),
                attributes: attributes(record.attributes),
                trace: hex(&record.trace_id),
            }));
        }
    })
    .await
}

fn service(resource: Option<Resource>) -> String {
    let all = attributes(resource.map(|r| r.attributes).unwrap_or_default());
    assert!(all.contains_key("service.instance.id"), "{all:?}");
    assert!(all.contains_key("service.version"), "{all:?}");
    all["service.name"].clone()
}

fn attributes(all: Vec<KeyValue>) -> BTreeMap<String, String> {
    let pairs = all.into_iter();
    pairs
        .map(|pair| (pair.key, pair.value.map(text).unwrap_or_default()))
        .collect()
}

fn text(value: AnyValue) -> String {
    match value.value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
