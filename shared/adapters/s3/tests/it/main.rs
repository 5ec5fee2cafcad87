//! The S3 store against real servers: the suite of its port, and what it promises beyond.
#![allow(clippy::unwrap_used, reason = "a test speaks by panicking")]

mod breaks;
mod common;
mod leftovers;
mod suite_broken;
mod suite_moto;
mod suite_swift;
mod told;
mod writers;
