//! A receiver that is away is told of once, and once when it is back; not at every try. Otherwise an exporter like any other.

use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    logs::{LogBatch, LogExporter},
    metrics::{Temporality, data::ResourceMetrics, exporter::PushMetricExporter},
    trace::{SpanData, SpanExporter},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

/// What is known of the receiver, for all signals together.
#[derive(Debug)]
pub struct Receiver {
    name: String,
    /// A bit for each signal that could not be sent at the last try.
    failing: AtomicU8,
}

impl Receiver {
    /// One that is well, as far as is known. `name` is shown: no secrets.
    pub fn new(name: String) -> Arc<Self> {
        Arc::new(Self {
            name,
            failing: AtomicU8::new(0),
        })
    }

    fn sent(&self, signal: u8, outcome: OTelSdkResult) -> OTelSdkResult {
        let receiver = &self.name;
        match &outcome {
            Err(error) => {
                if self.failing.fetch_or(signal, Ordering::Relaxed) == 0 {
                    tracing::warn!(%error, receiver, "telemetry can't be sent; trying on in silence, what is too much meanwhile gets lost");
                }
            }
            Ok(()) => {
                let before = self.failing.fetch_and(!signal, Ordering::Relaxed);
                if before == signal {
                    tracing::info!(receiver, "telemetry is taken again");
                }
            }
        }
        outcome
    }
}

/// An exporter whose outcomes are watched.
#[derive(Debug)]
pub struct Told<E> {
    exporter: E,
    signal: u8,
    receiver: Arc<Receiver>,
}

impl<E> Told<E> {
    /// `signal` is a bit of its own.
    pub fn new(exporter: E, signal: u8, receiver: &Arc<Receiver>) -> Self {
        Self {
            exporter,
            signal,
            receiver: receiver.clone(),
        }
    }
}

impl<E: SpanExporter> SpanExporter for Told<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let outcome = self.exporter.export(batch).await;
        self.receiver.sent(self.signal, outcome)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn shutdown(&self) -> OTelSdkResult {
        self.exporter.shutdown()
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E: LogExporter> LogExporter for Told<E> {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        let outcome = self.exporter.export(batch).await;
        self.receiver.sent(self.signal, outcome)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn shutdown(&self) -> OTelSdkResult {
        self.exporter.shutdown()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E: PushMetricExporter> PushMetricExporter for Told<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let outcome = self.exporter.export(metrics).await;
        self.receiver.sent(self.signal, outcome)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.exporter.temporality()
    }
}
