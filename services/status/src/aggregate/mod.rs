//! Events in: shared out among a few queues of our own, so that several are in flight at once while those of a job, and those
//! of a worker about itself, keep their order. Nothing is acknowledged before its commit.

mod batch;
mod change;
mod shard;
mod span;

use crate::core::Core;
use reelmill_broker::Delivery;
use reelmill_domain::{
    id::JobId,
    time::Timestamp,
    wire::{SCHEMA, WorkerEvent, WorkerEventBody},
};
use reelmill_runtime::metrics;
use shard::Item;
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinSet};
use uuid::Uuid;

/// Events of so many jobs are taken in at once.
const SHARDS: usize = 8;
/// Events that wait for one shard; more wait with the broker.
const BOUND: usize = 64;
/// Before another try at the broker.
const PAUSE: Duration = Duration::from_millis(500);
/// An event of a newer version goes back after so long, for a replica that can read it.
const PARKED_FOR: Duration = Duration::from_secs(5);
/// So many of them are held at most; then nothing else is taken in until one went back.
const PARKED: usize = 16;

/// Takes events in for ever.
pub async fn run(core: &Arc<Core>) {
    let mut shards = JoinSet::new();
    let queues: Vec<_> = (0..SHARDS)
        .map(|_| {
            let (queue, items) = mpsc::channel(BOUND);
            shards.spawn(shard::run(core.clone(), items));
            queue
        })
        .collect();
    tokio::select! {
        () = read(core, &queues) => {}
        // Only a panic ends one: then this part has ended, and with it all of status.
        _ = shards.join_next() => {}
    }
}

/// A mark on its way through all shards; measured once the last has let go of it.
pub(crate) struct Passing {
    core: Arc<Core>,
    sent: Timestamp,
}

impl Drop for Passing {
    fn drop(&mut self) {
        self.core.judging.passed(self.sent);
    }
}

async fn read(core: &Arc<Core>, queues: &[mpsc::Sender<Item>]) {
    let mut parked = JoinSet::new();
    loop {
        match core.broker.consume_events().await {
            Ok(mut events) => {
                while let Some(delivery) = events.next().await {
                    if delivery.message.schema > SCHEMA {
                        park(delivery, &mut parked).await;
                    } else {
                        route(core, queues, delivery).await;
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "no events come in; trying again"),
        }
        core.judging.unwell();
        tokio::time::sleep(PAUSE).await;
    }
}

async fn route(core: &Arc<Core>, queues: &[mpsc::Sender<Item>], delivery: Delivery<WorkerEvent>) {
    let of = |key: Uuid| {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        // Less than the number of shards, so it fits.
        usize::try_from(hasher.finish() % SHARDS as u64).unwrap_or(0)
    };
    // A send fails only when its shard is gone, and then all of this is about to end.
    if let WorkerEventBody::Mark { at } = delivery.message.body {
        let passing = Arc::new(Passing {
            core: core.clone(),
            sent: at,
        });
        for queue in queues {
            drop(queue.send(Item::Mark(passing.clone())).await);
        }
        if let Err(error) = delivery.ack().await {
            tracing::debug!(%error, "a mark will come again");
        }
        return;
    }
    let key = job_of(&delivery.message).map_or(delivery.message.worker.0, |job| job.0);
    drop(queues[of(key)].send(Item::Event(Box::new(delivery))).await);
}

/// The job that an event belongs to; `None` for what a worker says of itself.
fn job_of(event: &WorkerEvent) -> Option<JobId> {
    match &event.body {
        WorkerEventBody::Started { job, .. }
        | WorkerEventBody::Succeeded { job, .. }
        | WorkerEventBody::Failed { job, .. }
        | WorkerEventBody::Released { job, .. } => Some(*job),
        WorkerEventBody::Renewal { .. } | WorkerEventBody::Bye | WorkerEventBody::Mark { .. } => {
            None
        }
    }
}

/// Holds what this version can't read for a while, then gives it back: while services are brought up to date, another
/// replica may be able to.
async fn park(delivery: Delivery<WorkerEvent>, parked: &mut JoinSet<()>) {
    let event = &delivery.message;
    tracing::error!(event = %event.id, schema = event.schema, ours = SCHEMA, "an event of a newer version; bring status up to date");
    metrics::event_refused("newer_version");
    while parked.try_join_next().is_some() {}
    if parked.len() >= PARKED {
        parked.join_next().await;
    }
    parked.spawn(async move {
        tokio::time::sleep(PARKED_FOR).await;
        drop(delivery);
    });
}
