//! `reelmill serve`: webapp, status and encoder in one process, until a signal.

use super::process;
use crate::outcome::Outcome;
use anyhow::Context;
use clap::Args;
use reelmill_runtime::config::{Flag, Role};
use std::path::PathBuf;

/// Run the whole service in one process, embedded by default.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where to listen [default: `webapp.listen` of the configuration: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// The data folder [default: `data.dir` of the configuration: ~/.local/share/reelmill].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Serves.
pub fn run(file: Option<PathBuf>, args: ServeArgs) -> anyhow::Result<Outcome> {
    let mut flags = process::listen_flag(Role::All, args.listen);
    if let Some(dir) = args.data {
        flags.push(Flag {
            key: "data.dir",
            flag: "--data",
            value: dir
                .to_str()
                .context("the name of the data folder must be UTF-8")?
                .to_owned(),
        });
    }
    process::run(Role::All, file, flags)
}
