//! A worker in a farm of the test: what it does with what it is told, and what it tells.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test speaks by panicking"
)]

mod farm;
mod outage;
mod rabbit;
mod refused;
mod self_care;
mod stages;
mod storing;
mod trouble;
mod worker;
