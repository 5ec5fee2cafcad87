//! `reelmill cancel ID`: ends a job on the server; no error when it has ended already.

use crate::{cli::ServerArgs, client::Client, outcome::Outcome, setup, show};
use clap::Args;
use reelmill_domain::{api::JobView, id::JobId};
use std::path::PathBuf;

/// Cancel a job.
#[derive(Debug, Args)]
pub struct CancelArgs {
    /// The job.
    id: JobId,
    #[command(flatten)]
    server: ServerArgs,
}

/// Cancels it.
pub fn run(file: Option<PathBuf>, args: CancelArgs) -> anyhow::Result<Outcome> {
    let loaded = setup::configuration(file, setup::server_flag(&args.server))?;
    let client = Client::new(&loaded.config.client)?;
    let job: JobView = setup::block_on(client.post(&format!("/api/v1/jobs/{}/cancel", args.id)))?;
    show::line(format!("{} {}", job.id, job.state));
    Ok(Outcome::Done)
}
