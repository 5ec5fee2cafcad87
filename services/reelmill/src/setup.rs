//! What every command needs before it can begin: the configuration, and a runtime to run on.

use crate::cli::ServerArgs;
use reelmill_runtime::config::{Flag, Loaded, Sources, load};
use std::{future::Future, path::PathBuf};

/// The configuration with what the command line says on top.
pub fn configuration(file: Option<PathBuf>, flags: Vec<Flag>) -> anyhow::Result<Loaded> {
    Ok(load(&Sources {
        file,
        variables: None,
        flags,
    })?)
}

/// The flag that chooses a server, if it was given.
pub fn server_flag(args: &ServerArgs) -> Vec<Flag> {
    args.server
        .iter()
        .map(|url| Flag {
            key: "client.server",
            flag: "--server (or REELMILL_SERVER)",
            value: url.clone(),
        })
        .collect()
}

/// Runs a client command on one thread.
pub fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}
