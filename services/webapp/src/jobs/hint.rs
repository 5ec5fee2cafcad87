//! Tells status that a job was written. Never needed: status looks by itself; never waited for: the broker may be away.

use crate::app::App;
use reelmill_domain::{
    id::JobId,
    wire::{JobHint, SCHEMA, Traceparent},
};
use reelmill_runtime::metrics;
use reelmill_store::AfterCommit;
use std::time::Duration;

/// After that the hint is old news.
const PATIENCE: Duration = Duration::from_secs(5);

impl App {
    /// Sends a hint in the background, with the runs to be stopped.
    pub(super) fn hint(&self, job: JobId, after: &[AfterCommit], trace: Option<Traceparent>) {
        let stop = after
            .iter()
            .filter_map(|what| match what {
                AfterCommit::Stop(run) => Some(*run),
                AfterCommit::Ended(state) => {
                    metrics::job_ended(state);
                    None
                }
                AfterCommit::WakeDispatcher | AfterCommit::ReapWork | AfterCommit::Published(_) => {
                    None
                }
            })
            .collect();
        let hint = JobHint {
            schema: SCHEMA,
            job,
            stop,
            trace,
        };
        let broker = self.broker.clone();
        self.tasks.spawn(async move {
            match tokio::time::timeout(PATIENCE, broker.publish_job(&hint)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::debug!(%error, "a hint was not sent; status will see by itself");
                }
                Err(_) => tracing::debug!("the broker didn't take a hint in time"),
            }
        });
    }
}
