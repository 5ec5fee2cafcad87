//! The executable as scripts see it: exit codes, one line on stderr, JSON on stdout.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests speak by panicking"
)]

mod client;
mod configuration;
mod doctor;
mod encode;
mod films;
mod look;
mod reelmill;
mod serve;
mod server;
mod wrong_use;
