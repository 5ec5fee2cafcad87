//! Traces, metrics and logs over OTLP, on the real executable, against a small receiver.
#![allow(clippy::unwrap_used, reason = "tests speak by panicking")]

mod alone;
mod receiver;
mod story;
mod together;
mod trouble;
