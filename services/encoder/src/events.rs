//! Tells status how a run ended, again and again until the broker has it: a result must not be lost to a broker that
//! restarts. The run stays in the renewals meanwhile, and in its slot: what was told earlier of it is always there
//! before what is told later.

use crate::{backoff::Backoff, worker::Worker};
use reelmill_domain::wire::{Traceparent, WorkerEvent, WorkerEventBody};
use std::time::Duration;

/// How long a worker that is asked to end still tries; then the lease lapses, and the task runs again elsewhere.
pub const LAST_WORDS: Duration = Duration::from_secs(10);

/// Says it until the broker has it, or the worker has to go. `trace` is the run's.
pub async fn tell(worker: &Worker, body: WorkerEventBody, trace: Option<Traceparent>) {
    let event = WorkerEvent {
        trace,
        ..worker.event(body)
    };
    let too_late = async {
        worker.stopping.cancelled().await;
        tokio::time::sleep(LAST_WORDS).await;
    };
    tokio::select! {
        biased;
        () = publish(worker, &event) => {}
        () = too_late => tracing::error!(?event, "the broker never took this; its task will run again"),
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
