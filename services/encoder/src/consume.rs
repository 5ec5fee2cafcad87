//! Takes tasks from one lane. A consumer exists only while a slot is free, and takes one task: a worker without a slot
//! keeps no message from the others.

use crate::{patience::Patience, run, start, worker::Worker};
use reelmill_broker::BrokerError;
use reelmill_domain::lane::Lane;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// Serves a lane until the worker is asked to end.
pub async fn lane(worker: Arc<Worker>, lane: Lane) {
    let mut patience = Patience::new();
    while let Some(slot) = slot(&worker, &lane).await {
        match take(&worker, &lane).await {
            Ok(Some(started)) => {
                patience.reset();
                let carried = run::carry(worker.clone(), started, slot);
                worker.carriers.spawn(carried);
            }
            Ok(None) => patience.reset(),
            Err(error) => {
                tracing::warn!(%lane, %error, "no task could be taken; trying again");
                tokio::select! {
                    () = patience.wait() => {}
                    () = worker.stopping.cancelled() => {}
                }
            }
        }
    }
}

/// A free slot, at a time when tasks may be taken. `None`: never again.
async fn slot(worker: &Worker, lane: &Lane) -> Option<OwnedSemaphorePermit> {
    let slot = tokio::select! {
        () = worker.stopping.cancelled() => return None,
        // The semaphores are never closed.
        slot = worker.slots(lane).acquire_owned() => slot.ok()?,
    };
    worker.opens().await.then_some(slot)
}

/// Takes one task and starts it. `None` when the worker closed meanwhile.
async fn take(worker: &Worker, lane: &Lane) -> Result<Option<start::Started>, BrokerError> {
    let mut consumer = worker.broker.consume_tasks(lane).await?;
    let delivery = tokio::select! {
        biased;
        () = worker.closes() => return Ok(None),
        delivery = consumer.next() => delivery,
    };
    match delivery {
        // The consumer lives until the delivery is acknowledged, and goes then.
        Some(delivery) => start::start(worker, lane, delivery).await,
        None => Err(BrokerError::Unreachable {
            attempt: "waiting for a task",
            cause: "the broker ended the consumer".into(),
        }),
    }
}
