//! The Swift store against real servers: the suite of its port, and what it promises beyond.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test speaks by panicking"
)]

mod faults;
mod keystone;
mod large;
mod suite;
mod support;
mod urls;
