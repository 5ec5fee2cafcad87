//! `reelmill encode FILE... --to LIST`.
use crate::outcome::Outcome;
use clap::Args;
use std::path::PathBuf;

/// Encode files here, without a server; run again, it continues where it stopped.
#[derive(Debug, Args)]
pub struct EncodeArgs {}

/// Encodes.
pub fn run(_file: Option<PathBuf>, _args: EncodeArgs) -> anyhow::Result<Outcome> {
    anyhow::bail!("not yet")
}
