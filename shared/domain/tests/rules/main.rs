//! The rules of the domain, one by one, from outside.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
mod job;
mod plan;
mod presets;
