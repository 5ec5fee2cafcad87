//! Logs, always on stderr and never with a secret; and, where a receiver is configured, traces, metrics and logs over OTLP.
//! Without one nothing of OpenTelemetry runs: no thread, no connection, no span. Telemetry never holds the service up.

mod json;
mod otlp;
mod panics;
mod told;

use crate::config::{Log, LogFormat, Otel};
use otlp::Otlp;
use std::io::IsTerminal;
use thiserror::Error;
use tracing_subscriber::{
    EnvFilter, Layer, Registry, fmt, layer::SubscriberExt, util::SubscriberInitExt,
};

/// The target of spans and events that are for the receiver alone: stderr is for people.
pub const TARGET: &str = "otel";

/// Libraries that tell at `info` what only their authors want to know, and what is for the receiver; a directive of the
/// user's overrides it.
const QUIET: &str = "sea_orm_migration=warn,opentelemetry=off,otel=off";

type AnyLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Why telemetry can't be sent as configured.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// The headers are malformed.
    #[error(
        "otel.headers must be `name=value` pairs, separated by commas, of characters that HTTP allows"
    )]
    Headers,
    /// The exporter refuses its settings.
    #[error("telemetry can't be sent to otel.endpoint ({cause}): correct it, or leave it out")]
    Endpoint {
        /// Why.
        cause: String,
    },
}

/// Keeps telemetry going. Dropping it sends what is left, for two seconds at most: keep it until the very end.
#[must_use]
pub struct Telemetry(Option<Otlp>);

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(otlp) = &self.0 {
            otlp.close();
        }
    }
}

/// Turns logging on for the whole process; later calls change nothing.
pub fn init(log: &Log) {
    install(vec![on_stderr(log, false)]);
}

/// Turns logging on, and telemetry where `otel` says so, for a process that does the work of `service` (`webapp`, …). Call it
/// before anything is measured, outside of any runtime.
///
/// # Errors
/// What is configured can't be used.
pub fn start(log: &Log, otel: &Otel, service: &str) -> Result<Telemetry, TelemetryError> {
    let Some(endpoint) = &otel.endpoint else {
        init(log);
        return Ok(Telemetry(None));
    };
    let otlp = Otlp::open(otel, endpoint, service)?;
    let mut layers = vec![on_stderr(log, true)];
    layers.extend(otlp.layers(&format!("{QUIET},{}", log.level)));
    install(layers);
    panics::tell();
    Ok(Telemetry(Some(otlp)))
}

/// Tells the receiver why a process ends, when stderr hears of it in other words.
pub fn last_words(error: &str) {
    tracing::error!(target: TARGET, error, "ends with an error");
}

fn install(layers: Vec<AnyLayer>) {
    if tracing_subscriber::registry()
        .with(layers)
        .try_init()
        .is_err()
    {
        tracing::debug!("logging was on already");
    }
}

/// The log as people or programs read it; in JSON with the ids of the trace, if there are traces.
fn on_stderr(log: &Log, traced: bool) -> AnyLayer {
    let text = match log.format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let filter = filter(&format!("{QUIET},{}", log.level));
    if text {
        fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .with_filter(filter)
            .boxed()
    } else {
        let json = fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(std::io::stderr);
        match traced {
            true => json
                .map_event_format(json::WithTrace)
                .with_filter(filter)
                .boxed(),
            false => json.with_filter(filter).boxed(),
        }
    }
}

fn filter(directives: &str) -> EnvFilter {
    // The configuration has checked the directives; should they be unusable all the same, `info` is better than silence.
    EnvFilter::try_new(directives).unwrap_or_else(|_| EnvFilter::new("info"))
}
