//! Status with the embedded broker and a folder, over HTTP; the test plays the workers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that fails says where"
)]

mod admission;
mod begun;
mod chaos;
mod cluster;
mod fake;
mod foreign;
mod life;
mod lists;
mod media;
mod outage;
mod streams;
mod sweeping;
mod world;
