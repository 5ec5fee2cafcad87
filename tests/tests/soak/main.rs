//! The soak: users go on submitting small jobs while everything under them is broken again and again; at the end every wish is
//! one job that has ended as it must, and nothing is left over. `make soak` runs it; the seed decides the order of everything.
//!
//! `SOAK_SECONDS` (600), `SOAK_JOBS` (200) and `SOAK_SEED` (the clock's) in the environment.

#![allow(clippy::print_stdout, reason = "its report is for whoever runs it")]

mod broker;
mod chance;
mod clock;
mod echo;
mod kind;
mod look;
mod pieces;
mod processes;
mod run;
mod schedule;
mod stores;
mod tally;
mod user;
mod verdict;
mod wish;
mod witness;

#[tokio::test]
#[ignore = "takes SOAK_SECONDS, ten minutes unless said: make soak"]
async fn soak() -> anyhow::Result<()> {
    run::soak().await
}
