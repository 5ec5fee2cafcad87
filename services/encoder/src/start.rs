//! Starts a run: says so durably, then takes the message out of the lane. From then on the lease holds the task, not
//! the broker, which may restart or forget.

use crate::{company::Place, runs::RunGuard, worker::Worker};
use reelmill_broker::{BrokerError, Delivery};
use reelmill_domain::{
    id::RunId,
    lane::Lane,
    wire::{RunRef, TaskMessage, WorkerEventBody},
};
use uuid::Uuid;

/// A run that status knows of.
pub struct Started {
    /// What is to be done.
    pub task: TaskMessage,
    /// Holds it in the renewals.
    pub guard: RunGuard,
    /// Its place beside the others.
    pub place: Place,
}

/// Starts what was delivered. `None` when it was given back because another run must be alone.
pub async fn start(
    worker: &Worker,
    lane: &Lane,
    delivery: Delivery<TaskMessage>,
) -> Result<Option<Started>, BrokerError> {
    let task = delivery.message.clone();
    let Some(place) = worker.company.join(task.alone) else {
        return Ok(None);
    };
    let run = RunRef {
        task: task.task,
        attempt: task.attempt,
        run: RunId(Uuid::now_v7()),
    };
    let started = worker.event(WorkerEventBody::Started { run, job: task.job });
    worker.broker.publish_event(&started).await?;
    // Held only now: a renewal that named it before `started` arrived would be answered with a stop.
    let guard = worker.runs.hold(run, lane.clone());
    if let Err(error) = delivery.ack().await {
        // It will be delivered again, and that second run be told to stop: the attempt is bound to this one.
        tracing::warn!(task = %run.task, run = %run.run, %error, "a started task could not be acknowledged");
    }
    tracing::info!(task = %run.task, attempt = run.attempt, run = %run.run, kind = task.spec.kind(), "started");
    Ok(Some(Started { task, guard, place }))
}
