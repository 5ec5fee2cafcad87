//! The encoder: takes tasks from its lanes, runs ffmpeg on them, stores what they make, and says how it went.
//!
//! A worker holds no truth: it may be killed at any moment, and knows neither database nor other workers.

mod company;
mod config;
mod consume;
mod control;
mod failure;
mod life;
mod patience;
mod progress;
mod renew;
mod report;
mod run;
mod runs;
mod scratch;
mod stages;
mod start;
mod worker;

pub use config::{EncoderConfig, EncoderError};
pub use life::run;
