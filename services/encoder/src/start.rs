//! Starts a run: says so durably, then takes the message out of the lane. From then on the lease holds the task, not
//! the broker, which may restart or forget.

use crate::{events, exclusive::Entered, runs::RunGuard, task_span, worker::Worker};
use reelmill_broker::{BrokerError, Delivery};
use reelmill_domain::{
    id::RunId,
    lane::Lane,
    wire::{RunRef, TaskMessage, Traceparent, WorkerEvent, WorkerEventBody},
};
use reelmill_runtime::trace;
use std::time::Instant;
use tracing::{Instrument, Span};
use uuid::Uuid;

/// A run that status knows of.
pub struct Started {
    /// What is to be done.
    pub task: TaskMessage,
    /// Holds it in the renewals.
    pub guard: RunGuard,
    /// Lets it run beside the others, or alone.
    pub entered: Entered,
    /// Spans it from here to its last word.
    pub span: Span,
}

impl Started {
    /// Where in the trace its words are said: in its span, or where the task came from.
    pub fn trace(&self) -> Option<Traceparent> {
        trace::of(&self.span).or_else(|| self.task.trace.clone())
    }
}

/// Starts what was delivered. `None` when it was given back because another run must be alone, or was here already.
pub async fn start(
    worker: &Worker,
    lane: &Lane,
    delivery: Delivery<TaskMessage>,
) -> Result<Option<Started>, BrokerError> {
    let taken = Instant::now();
    let task = delivery.message.clone();
    let Some(claim) = worker.runs.claim(task.task, task.attempt) else {
        // The channel was lost between `started` and the acknowledgement. One run of an attempt is enough.
        tracing::info!(task = %task.task, attempt = task.attempt, "delivered again; it runs or ran here already");
        delivery.ack().await?;
        return Ok(None);
    };
    let Some(entered) = worker.exclusive.enter(task.alone) else {
        return Ok(None);
    };
    let run = RunRef {
        task: task.task,
        attempt: task.attempt,
        run: RunId(Uuid::now_v7()),
    };
    let span = task_span::open(worker, &task, run);
    let started = WorkerEvent {
        trace: trace::of(&span).or_else(|| task.trace.clone()),
        ..worker.event(WorkerEventBody::Started { run, job: task.job })
    };
    // A broker that doesn't answer may have it nevertheless, and status the attempt bound to this run: so it is said
    // until it is taken. If the message went to another worker meanwhile, one of the two will be told to stop.
    tokio::select! {
        biased;
        () = events::publish(worker, &started).instrument(span.clone()) => {}
        () = worker.stopping.cancelled() => return Ok(None),
    }
    // Held only now: a renewal that named it before `started` arrived would be answered with a stop.
    let guard = claim.hold(run, lane.clone());
    if let Err(error) = delivery.ack().await {
        tracing::warn!(task = %run.task, run = %run.run, %error, "a started task could not be acknowledged");
    }
    let kind = task.spec.kind();
    let said_after_ms = taken.elapsed().as_secs_f64() * 1e3;
    tracing::info!(task = %run.task, attempt = run.attempt, run = %run.run, kind, said_after_ms, "started");
    Ok(Some(Started {
        task,
        guard,
        entered,
        span,
    }))
}
