//! The encoder: takes tasks from its lanes, runs ffmpeg on them, stores what they make, and says how it went.
//!
//! A worker holds no truth: it may be killed at any moment, and knows neither database nor other workers.

mod access;
mod cache;
mod config;
mod consume;
mod control;
mod doubts;
mod events;
mod exclusive;
mod failure;
mod idle;
mod keys;
mod lifecycle;
mod progress;
mod renew;
mod returned;
mod room;
mod run;
mod runs;
mod scratch;
mod slots;
mod stages;
mod standstill;
mod start;
mod storage;
mod task_span;
mod worker;

pub use config::{EncoderConfig, EncoderError};
pub use lifecycle::run;
