//! Logs: readable on a terminal, one JSON object a line otherwise; always on stderr, never a secret.

use crate::config::{Log, LogFormat};
use std::io::IsTerminal;
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Libraries that tell at `info` what only their authors want to know; a directive of the user's overrides it.
const QUIET: &str = "sea_orm_migration=warn";

/// Turns logging on for the whole process; later calls change nothing.
pub fn init(log: &Log) {
    let text = match log.format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    // The configuration has checked the directives; should they be unusable all the same, `info` is better than silence.
    let filter = EnvFilter::try_new(format!("{QUIET},{}", log.level))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    let done = if text {
        registry
            .with(
                fmt::layer()
                    .with_writer(std::io::stderr)
                    .with_ansi(std::io::stderr().is_terminal()),
            )
            .try_init()
    } else {
        registry
            .with(
                fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_writer(std::io::stderr),
            )
            .try_init()
    };
    if done.is_err() {
        tracing::debug!("logging was on already");
    }
}
