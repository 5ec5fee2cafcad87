//! The adapter against real failure: its own broker is restarted, killed, frozen, starved of memory; queues and connections
//! are taken away under it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test speaks by panicking"
)]

#[path = "../common/mod.rs"]
mod common;
mod crowd;
mod headless;
mod node;
mod outage;
mod starved;
mod taken_away;
mod threads;
