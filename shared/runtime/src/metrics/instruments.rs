//! The instruments of OpenTelemetry behind the list, and the one reader that Prometheus scrapes.

use super::{figures, list::*, process};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge, Histogram, Meter, MeterProvider, UpDownCounter},
};
use opentelemetry_sdk::{
    Resource,
    metrics::{MeterProviderBuilder, SdkMeterProvider},
};
use prometheus::{Registry, TextEncoder};
use std::sync::{LazyLock, Mutex, PoisonError};

/// All of this process's.
pub static INSTRUMENTS: LazyLock<Instruments> = LazyLock::new(Instruments::new);

/// Where the figures go besides the page; taken when the instruments are made.
static PUSH: Mutex<Option<Push>> = Mutex::new(None);

/// A second reader of the same instruments.
pub struct Push {
    /// Adds the reader to the provider.
    pub reader: Box<dyn FnOnce(MeterProviderBuilder) -> MeterProviderBuilder + Send>,
    /// Who tells.
    pub resource: Resource,
}

/// Adds a reader, if nothing was measured yet. Returns what is to be shut down at the end.
pub fn push(push: Push) -> SdkMeterProvider {
    // Nothing that panics runs under the lock.
    *PUSH.lock().unwrap_or_else(PoisonError::into_inner) = Some(push);
    INSTRUMENTS.provider.clone()
}

/// What is recorded into.
pub struct Instruments {
    registry: Registry,
    /// Keeps the readers alive.
    provider: SdkMeterProvider,
    /// The figures go elsewhere, too, and can't wait for a scrape.
    pub pushed: bool,
    pub http_request_seconds: Histogram<f64>,
    pub upload_bytes: Counter<u64>,
    pub jobs_submitted: Counter<u64>,
    pub jobs_ended: Counter<u64>,
    pub task_releases: Counter<u64>,
    pub task_failures: Counter<u64>,
    pub leases_lapsed: Counter<u64>,
    pub dead_tasks: Counter<u64>,
    pub events: Counter<u64>,
    pub events_refused: Counter<u64>,
    pub unreadable_messages: Gauge<u64>,
    pub event_lag: Gauge<f64>,
    pub streams: UpDownCounter<i64>,
    pub swept: Counter<u64>,
    pub run_seconds: Histogram<f64>,
    pub encode_seconds: Histogram<f64>,
    pub encode_speed: Histogram<f64>,
    pub source_fetches: Counter<u64>,
    pub object_bytes: Counter<u64>,
    pub object_seconds: Histogram<f64>,
    pub renewals: Counter<u64>,
    pub free_slots: Gauge<u64>,
}

impl Instruments {
    fn new() -> Self {
        let registry = Registry::new();
        let push = PUSH.lock().unwrap_or_else(PoisonError::into_inner).take();
        let pushed = push.is_some();
        let provider = provider(&registry, push);
        let meter = provider.meter("reelmill");
        build_info(&meter);
        figures::observe(&meter);
        process::observe(&meter);
        Self {
            registry,
            provider,
            pushed,
            http_request_seconds: histogram(&meter, HTTP_REQUEST_SECONDS, REQUEST_S),
            upload_bytes: counter(&meter, UPLOAD_BYTES),
            jobs_submitted: counter(&meter, JOBS_SUBMITTED),
            jobs_ended: counter(&meter, JOBS_ENDED),
            task_releases: counter(&meter, TASK_RELEASES),
            task_failures: counter(&meter, TASK_FAILURES),
            leases_lapsed: counter(&meter, LEASES_LAPSED),
            dead_tasks: counter(&meter, DEAD_TASKS),
            events: counter(&meter, EVENTS),
            events_refused: counter(&meter, EVENTS_REFUSED),
            unreadable_messages: meter
                .u64_gauge(UNREADABLE_MESSAGES.name)
                .with_unit(UNREADABLE_MESSAGES.unit)
                .with_description(UNREADABLE_MESSAGES.help)
                .build(),
            event_lag: meter
                .f64_gauge(EVENT_LAG.name)
                .with_unit(EVENT_LAG.unit)
                .with_description(EVENT_LAG.help)
                .build(),
            streams: meter
                .i64_up_down_counter(STREAMS.name)
                .with_unit(STREAMS.unit)
                .with_description(STREAMS.help)
                .build(),
            swept: counter(&meter, SWEPT),
            run_seconds: histogram(&meter, RUN_SECONDS, TASK_S),
            encode_seconds: histogram(&meter, ENCODE_SECONDS, TASK_S),
            encode_speed: histogram(&meter, ENCODE_SPEED, SPEED),
            source_fetches: counter(&meter, SOURCE_FETCHES),
            object_bytes: counter(&meter, OBJECT_BYTES),
            object_seconds: histogram(&meter, OBJECT_SECONDS, TASK_S),
            renewals: counter(&meter, RENEWALS),
            free_slots: meter
                .u64_gauge(FREE_SLOTS.name)
                .with_unit(FREE_SLOTS.unit)
                .with_description(FREE_SLOTS.help)
                .build(),
        }
    }

    /// Everything in Prometheus's text format.
    pub fn text(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

/// With the names of the list just as they stand there.
fn provider(registry: &Registry, push: Option<Push>) -> SdkMeterProvider {
    let mut builder = SdkMeterProvider::builder();
    let page = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .without_units()
        .without_counter_suffixes()
        .without_target_info()
        .scope_info_enabled(false)
        .build();
    match page {
        Ok(page) => builder = builder.with_reader(page),
        // A registry of our own takes its first collector; without one the process works, its page empty.
        Err(error) => tracing::error!(%error, "metrics can't be shown"),
    }
    if let Some(push) = push {
        builder = (push.reader)(builder.with_resource(push.resource));
    }
    builder.build()
}

fn counter(meter: &Meter, metric: Metric) -> Counter<u64> {
    let counter = meter
        .u64_counter(metric.name)
        .with_unit(metric.unit)
        .with_description(metric.help)
        .build();
    if metric.labels.is_empty() {
        // There from the start, so that a first increase shows as one.
        counter.add(0, &[]);
    }
    counter
}

fn histogram(meter: &Meter, metric: Metric, bounds: &[f64]) -> Histogram<f64> {
    meter
        .f64_histogram(metric.name)
        .with_unit(metric.unit)
        .with_description(metric.help)
        .with_boundaries(bounds.to_vec())
        .build()
}

fn build_info(meter: &Meter) {
    meter
        .u64_observable_gauge(BUILD_INFO.name)
        .with_unit(BUILD_INFO.unit)
        .with_description(BUILD_INFO.help)
        .with_callback(|seen| {
            seen.observe(1, &[KeyValue::new("version", env!("CARGO_PKG_VERSION"))]);
        })
        .build();
}
