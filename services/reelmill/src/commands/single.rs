//! `reelmill webapp`, `reelmill status`, `reelmill encoder`: one service, from the configuration, until a signal.

use super::process;
use crate::outcome::Outcome;
use clap::Args;
use reelmill_runtime::config::Role;
use std::path::PathBuf;

/// What a service alone can be told.
#[derive(Debug, Args)]
pub struct SingleArgs {
    /// Where to listen [default: the service's own `listen` of the configuration].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

/// Runs it.
pub fn run(role: Role, file: Option<PathBuf>, args: SingleArgs) -> anyhow::Result<Outcome> {
    process::run(role, file, process::listen_flag(role, args.listen))
}
