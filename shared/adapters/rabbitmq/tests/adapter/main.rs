//! What the adapter promises beyond the suite of its port, on a broker that is well.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test speaks by panicking"
)]

mod away;
#[path = "../common/mod.rs"]
mod common;
mod tls;
mod wire;
