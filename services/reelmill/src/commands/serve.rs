//! `reelmill serve`.
use crate::outcome::Outcome;
use clap::Args;
use std::path::PathBuf;

/// Run the whole service in one process, embedded by default.
#[derive(Debug, Args)]
pub struct ServeArgs {}

/// Serves.
pub fn run(_file: Option<PathBuf>, _args: ServeArgs) -> anyhow::Result<Outcome> {
    anyhow::bail!("not yet")
}
