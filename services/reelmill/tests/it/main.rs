//! The executable as scripts see it: exit codes, one line on stderr, JSON on stdout.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests speak by panicking"
)]

mod backends;
mod client;
mod configuration;
mod doctor;
mod doctor_outside;
mod encode;
mod films;
mod https;
mod look;
mod process;
mod proxy;
mod reelmill;
mod resume;
mod serve;
mod server;
mod single;
mod sole;
mod wrong_use;
