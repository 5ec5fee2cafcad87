//! Takes tasks from lanes. A consumer exists only while a slot is free, and takes one task at a time: a worker without a
//! slot keeps no message from the others.

use crate::{run, slots::Pool, start, worker::Worker};
use futures::future::{select_all, try_join_all};
use reelmill_broker::{Backoff, BrokerError, Delivery, Messages};
use reelmill_domain::{lane::Lane, wire::TaskMessage};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument;

/// Serves free slots of a pool, one at a time, until the worker is asked to end.
pub async fn serve(worker: Arc<Worker>, pool: Arc<Pool>) {
    let mut backoff = Backoff::new();
    let mut consumers = Vec::new();
    while let Some(slot) = slot(&worker, &pool).await {
        match take(&worker, &pool, &mut consumers).await {
            Ok(Some(started)) => {
                backoff.reset();
                let span = started.span.clone();
                let carried = run::carry(worker.clone(), started, slot);
                worker.carriers.spawn(carried.instrument(span));
            }
            Ok(None) => backoff.reset(),
            Err(error) => {
                consumers.clear();
                tracing::warn!(lanes = ?pool.lanes, %error, "no task could be taken; trying again");
                tokio::select! {
                    () = worker.until_broker_or(&mut backoff) => {}
                    () = worker.stopping.cancelled() => {}
                }
            }
        }
    }
}

/// A free slot, at a time when tasks may be taken. `None`: never again.
async fn slot(worker: &Worker, pool: &Pool) -> Option<OwnedSemaphorePermit> {
    let slot = tokio::select! {
        () = worker.stopping.cancelled() => return None,
        // The semaphores are never closed.
        slot = pool.free.clone().acquire_owned() => slot.ok()?,
    };
    worker.opens().await.then_some(slot)
}

/// Takes one task and starts it. `None` when the worker closed meanwhile, or the task was none for it.
async fn take(
    worker: &Worker,
    pool: &Pool,
    consumers: &mut Vec<Messages<TaskMessage>>,
) -> Result<Option<start::Started>, BrokerError> {
    if consumers.is_empty() {
        let opened = pool.lanes.iter().map(|l| worker.broker.consume_tasks(l));
        *consumers = try_join_all(opened).await?;
    }
    let delivered = tokio::select! {
        biased;
        () = worker.closes() => None,
        delivered = first(&pool.lanes, consumers) => Some(delivered),
    };
    let Some((lane, delivery)) = delivered else {
        consumers.clear();
        return Ok(None);
    };
    let Some(delivery) = delivery else {
        return Err(BrokerError::Unreachable {
            attempt: "waiting for a task",
            cause: "the broker ended the consumer".into(),
        });
    };
    let started = start::start(worker, &lane, delivery).await;
    // The consumers of other lanes were interrupted: whatever was on its way to them goes back with them. And who was
    // given back stays with the others until this worker opens again.
    if consumers.len() > 1 || !matches!(started, Ok(Some(_))) {
        consumers.clear();
    }
    started
}

/// The first task of any lane.
async fn first(
    lanes: &[Lane],
    consumers: &mut [Messages<TaskMessage>],
) -> (Lane, Option<Delivery<TaskMessage>>) {
    let waits = consumers.iter_mut().map(|consumer| consumer.next());
    let (delivery, which, _) = select_all(waits).await;
    // There are as many consumers as lanes, in their order.
    (lanes[which].clone(), delivery)
}
