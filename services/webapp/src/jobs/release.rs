//! Publishes the first task of a job that was released in the job's own transaction. Never waited for: the broker may be
//! away, and what can't be published is status's to release.

use super::submit::Made;
use crate::app::App;
use reelmill_domain::{id::JobId, wire::TaskMessage};
use reelmill_runtime::{metrics, trace};
use reelmill_store::claim;
use std::time::Duration;
use tracing::Instrument;

/// After that the task is better left to status, which sees when the broker is back.
const PATIENCE: Duration = Duration::from_secs(5);

impl App {
    /// What follows the commit of a new job.
    pub(super) fn made(&self, made: Made) -> JobId {
        reelmill_runtime::failpoint::reach("webapp.after-commit");
        metrics::job_submitted();
        tracing::info!(job = %made.job, "accepted");
        let Made { job, trace, first } = made;
        let app = self.clone();
        self.tasks.spawn(async move {
            if let Some(message) = first {
                app.release(*message).await;
            }
            app.hint(job, &[], trace);
        });
        job
    }

    /// Publishes it, or takes it back.
    async fn release(&self, message: TaskMessage) {
        let (message, span) = trace::released(message);
        let ttl = self.config.times.message_ttl();
        let publish = self.broker.publish_task(&message, ttl);
        let publish = publish.instrument(span.clone());
        let why = match tokio::time::timeout(PATIENCE, publish).await {
            Ok(Ok(())) => return metrics::task_released(&message.lane.0),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the broker didn't take it in time".to_owned(),
        };
        trace::failed(&span, &why);
        tracing::warn!(task = %message.task, why, "a task could not be published and is taken back");
        // One that went through all the same is stale then, and its run is stopped when it starts.
        let back = claim::unpublished(&self.store, &message, &self.config.policy).await;
        if let Err(error) = back.or_else(|e| if e.is_not_found() { Ok(()) } else { Err(e) }) {
            tracing::warn!(task = %message.task, %error, "a task is not taken back before its release lapses");
        }
    }
}
