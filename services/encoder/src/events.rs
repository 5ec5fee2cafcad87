//! Tells status how a run ended, again and again until the broker has it: a result must not be lost to a broker that
//! restarts. The run stays in the renewals meanwhile, and in its slot: what was told earlier of it is always there
//! before what is told later.

use crate::worker::Worker;
use reelmill_broker::Backoff;
use reelmill_domain::wire::{Traceparent, WorkerEvent, WorkerEventBody};
use std::time::Duration;

/// Of the time that a worker has to end in, so much is left for what comes after its runs' last words.
pub const AFTER_RUNS: Duration = Duration::from_secs(2);

/// Says how a run ended until the broker has it, or the worker has to go: then the lease lapses, and the task runs again
/// elsewhere. `trace` is the run's.
pub async fn tell(worker: &Worker, body: WorkerEventBody, trace: Option<Traceparent>) {
    let event = WorkerEvent {
        trace,
        ..worker.event(body)
    };
    tokio::select! {
        biased;
        () = publish(worker, &event) => {}
        () = worker.too_late(AFTER_RUNS) => tracing::error!(?event, "the broker never took this; its task will run again"),
    }
}

/// Says it until the broker has it. One id for every try: status knows a repetition by it.
pub async fn publish(worker: &Worker, event: &WorkerEvent) {
    let mut backoff = Backoff::new();
    while let Err(error) = worker.broker.publish_event(event).await {
        tracing::debug!(event = %event.id, %error, "an event could not be told; trying again");
        worker.until_broker_or(&mut backoff).await;
    }
}
