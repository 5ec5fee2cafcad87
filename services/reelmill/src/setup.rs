//! What every command needs before it can begin: the configuration, and a runtime to run on.

use crate::cli::ServerArgs;
use reelmill_runtime::config::{Config, Flag, Loaded, Sources, load};
use std::{future::Future, path::PathBuf, time::Duration};

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

/// Stacks of worker threads are touched as deep as they were used; this is deeper than anything here goes.
const STACK_BYTES: usize = 2 << 20;

/// What may still be written when everything has ended, or was ended.
const LAST_WRITES: Duration = Duration::from_secs(2);

/// Runs services, on a thread per processor, few enough to stay small when idle.
pub fn run_services<T>(
    config: &Config,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let threads = usize::from(crate::service::cores()).clamp(2, 8);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        // Blocking threads hash, copy and sync: enough for every slot at once.
        .max_blocking_threads(16 + 4 * usize::from(config.encoder.slots))
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build()?;
    let done = runtime.block_on(work);
    // A second signal must end the process even when a thread hangs in the kernel.
    runtime.shutdown_timeout(LAST_WRITES);
    done
}
