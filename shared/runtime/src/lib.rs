//! What every service needs to run: configuration, logs and traces, an ordered stop, health, metrics and the data folder's lock.
//!
//! Never decides anything about jobs and never names an adapter.

pub mod config;
pub mod failpoint;
pub mod health;
pub mod http;
pub mod lifecycle;
pub mod lock;
pub mod metrics;
pub mod telemetry;
pub mod trace;
