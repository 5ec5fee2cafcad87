//! The three signals on their way to one OTLP receiver: batched on threads of their own, over one HTTP client. What can't be
//! sent is dropped in time; the service never waits for it.

use super::{
    AnyLayer, TARGET, TelemetryError, filter,
    told::{Receiver, Told},
};
use crate::{
    config::Otel,
    metrics::{self, Push},
};
use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{
    LogExporter, MetricExporter, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    logs::SdkLoggerProvider,
    metrics::{PeriodicReader, SdkMeterProvider},
    trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider},
};
use reqwest::{
    blocking::Client,
    header::{HeaderName, HeaderValue},
    redirect,
};
use std::{
    collections::HashMap,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};
use tracing_subscriber::{Layer, filter::FilterFn};
use url::Url;
use uuid::Uuid;

/// What sends must not itself be sent, or it would never come to an end.
const SENDERS: &str = "opentelemetry=off,reqwest=off,hyper=off,hyper_util=off,h2=off,rustls=off";

/// One request, at most.
const PATIENCE: Duration = Duration::from_secs(5);
/// Until a connection is there, at most.
const CONNECT: Duration = Duration::from_secs(2);
/// Metrics go out this often: as often as Prometheus asks, by default.
const METRICS_EVERY: Duration = Duration::from_secs(15);
/// Spans wait so long for others.
const SPANS_EVERY: Duration = Duration::from_secs(2);
/// Spans that wait at most; the rest is dropped.
const SPANS: usize = 8192;
/// At the end of the process, for all that is left.
const LAST: Duration = Duration::from_secs(2);

/// Sends until it is closed.
pub struct Otlp {
    spans: SdkTracerProvider,
    metrics: SdkMeterProvider,
    logs: SdkLoggerProvider,
}

impl Otlp {
    /// Nothing is sent before there is something to tell.
    pub fn open(otel: &Otel, endpoint: &Url, service: &str) -> Result<Self, TelemetryError> {
        let wrong = |cause: &dyn std::fmt::Display| TelemetryError::Endpoint {
            cause: cause.to_string(),
        };
        let headers = headers(otel)?;
        let client = Client::builder()
            .timeout(PATIENCE)
            .connect_timeout(CONNECT)
            // The headers may hold a secret: nobody else gets them.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|e| wrong(&e))?;
        let receiver = Receiver::new(endpoint.origin().ascii_serialization());
        let resource = resource(otel, service);
        macro_rules! exporter {
            ($signal:ty, $path:literal, $bit:literal) => {{
                let exporter = <$signal>::builder()
                    .with_http()
                    .with_http_client(client.clone())
                    .with_endpoint(below(endpoint, $path))
                    .with_headers(headers.clone())
                    .with_timeout(PATIENCE)
                    .build()
                    .map_err(|e| wrong(&e))?;
                Told::new(exporter, $bit, &receiver)
            }};
        }
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(SPANS)
            .with_scheduled_delay(SPANS_EVERY)
            .build();
        let spans = BatchSpanProcessor::builder(exporter!(SpanExporter, "traces", 1))
            .with_batch_config(batches)
            .build();
        let reader = PeriodicReader::builder(exporter!(MetricExporter, "metrics", 2))
            .with_interval(METRICS_EVERY)
            .build();
        Ok(Self {
            spans: SdkTracerProvider::builder()
                .with_span_processor(spans)
                .with_resource(resource.clone())
                .build(),
            metrics: metrics::push(Push {
                reader: Box::new(|provider| provider.with_reader(reader)),
                resource: resource.clone(),
            }),
            logs: SdkLoggerProvider::builder()
                .with_batch_exporter(exporter!(LogExporter, "logs", 4))
                .with_resource(resource)
                .build(),
        })
    }

    /// Our own spans, whatever the log's level; and what the log's directives let through.
    pub fn layers(&self, directives: &str) -> [AnyLayer; 2] {
        let ours = FilterFn::new(|meta| meta.is_span() && meta.target() == TARGET)
            .with_max_level_hint(tracing::Level::INFO);
        let spans = tracing_opentelemetry::layer()
            .with_tracer(self.spans.tracer("reelmill"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(ours);
        let logs = OpenTelemetryTracingBridge::new(&self.logs)
            .with_filter(filter(&format!("{directives},{SENDERS},{TARGET}=info")));
        [spans.boxed(), logs.boxed()]
    }

    /// Sends what is left, as far as that works in time.
    pub fn close(&self) {
        let (ended, ends) = mpsc::channel();
        let (spans, metrics, logs) = (self.spans.clone(), self.metrics.clone(), self.logs.clone());
        let closing: [Box<dyn FnOnce() -> OTelSdkResult + Send>; 3] = [
            Box::new(move || spans.shutdown_with_timeout(LAST)),
            Box::new(move || metrics.shutdown_with_timeout(LAST)),
            Box::new(move || logs.shutdown_with_timeout(LAST)),
        ];
        for close in closing {
            let ended = ended.clone();
            let closer = move || {
                // Whether it worked is told by the exporter. Nobody may be waiting any more.
                let _told = close();
                let _late = ended.send(());
            };
            if let Err(error) = thread::Builder::new().name("otel-end".into()).spawn(closer) {
                tracing::warn!(%error, "the last telemetry can't be sent");
            }
        }
        drop(ended);
        let until = Instant::now() + LAST;
        while ends
            .recv_timeout(until.saturating_duration_since(Instant::now()))
            .is_ok()
        {}
    }
}

/// `/v1/traces` and its like, below whatever path the endpoint has.
fn below(endpoint: &Url, signal: &str) -> String {
    format!("{}/v1/{signal}", endpoint.as_str().trim_end_matches('/'))
}

fn resource(otel: &Otel, service: &str) -> Resource {
    // Also takes OTEL_RESOURCE_ATTRIBUTES.
    Resource::builder()
        .with_service_name(format!("{}-{service}", otel.service_name))
        .with_attributes([
            KeyValue::new("service.namespace", otel.service_name.clone()),
            KeyValue::new("service.instance.id", Uuid::now_v7().to_string()),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("process.pid", i64::from(std::process::id())),
        ])
        .build()
}

fn headers(otel: &Otel) -> Result<HashMap<String, String>, TelemetryError> {
    let Some(text) = &otel.headers else {
        return Ok(HashMap::new());
    };
    let pairs = text
        .expose()
        .split(',')
        .filter(|pair| !pair.trim().is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=')?;
            let (name, value) = (name.trim(), value.trim());
            HeaderName::from_bytes(name.as_bytes()).ok()?;
            HeaderValue::from_str(value).ok()?;
            Some((name.to_owned(), value.to_owned()))
        })
        .collect::<Option<_>>()
        .ok_or(TelemetryError::Headers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Password;

    fn with_headers(text: &str) -> Result<HashMap<String, String>, TelemetryError> {
        headers(&Otel {
            endpoint: None,
            headers: Some(Password::new(text)),
            service_name: "reelmill".into(),
        })
    }

    #[test]
    fn headers_are_pairs() {
        let got = with_headers("authorization=Bearer a=b, x-tenant = 7,").unwrap();
        assert_eq!(got["authorization"], "Bearer a=b");
        assert_eq!(got["x-tenant"], "7");
        assert_eq!(got.len(), 2);
        for bad in ["authorization", "a b=c", "=c", "a=\u{7f}"] {
            let error = with_headers(bad).unwrap_err();
            assert!(!error.to_string().contains(bad), "{error}");
        }
    }

    #[test]
    fn signals_lie_below_the_endpoint() {
        for (endpoint, url) in [
            ("http://collector:4318", "http://collector:4318/v1/logs"),
            ("https://a.example/otlp/", "https://a.example/otlp/v1/logs"),
        ] {
            assert_eq!(below(&Url::parse(endpoint).unwrap(), "logs"), url);
        }
    }
}
