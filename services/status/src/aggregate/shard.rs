//! One queue of events. What waits is taken in together: events of one job in one transaction, in their order; of a worker's
//! renewals only the last. An event that can never be applied stops nothing that comes after it.

use super::{Passing, batch, change::kind, job_of};
use crate::core::Core;
use reelmill_broker::Delivery;
use reelmill_domain::{
    id::JobId,
    wire::{WorkerEvent, WorkerEventBody},
};
use reelmill_runtime::metrics;
use reelmill_store::{StoreError, renew::renew, workers};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// Events that are taken in together, at most.
const BATCH: usize = 64;
/// Before another try at the database.
const PAUSE: Duration = Duration::from_millis(500);
/// Tries of an event while the database is well otherwise. Then it is given up: a lost event costs a lease, not a job.
const TRIES: u32 = 5;

/// What comes through.
pub enum Item {
    /// An event.
    Event(Box<Delivery<WorkerEvent>>),
    /// Everything before this one has been taken in once it is dropped.
    Mark(Arc<Passing>),
}

/// Takes in what comes, until nothing more can come.
pub async fn run(core: Arc<Core>, mut items: mpsc::Receiver<Item>) {
    let mut waiting = Vec::with_capacity(BATCH);
    while items.recv_many(&mut waiting, BATCH).await > 0 {
        let (mut events, mut marks) = (Vec::new(), Vec::new());
        for item in waiting.drain(..) {
            match item {
                Item::Event(event) => events.push(*event),
                Item::Mark(mark) => marks.push(mark),
            }
        }
        for group in groups(events) {
            take(&core, group).await;
        }
        drop(marks);
    }
}

/// Whom events are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Job(JobId),
    Worker,
}

struct Group {
    about: About,
    events: Vec<Delivery<WorkerEvent>>,
}

/// Of each job its events; of each worker what it said of itself.
fn groups(events: Vec<Delivery<WorkerEvent>>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for event in events {
        let about = job_of(&event.message).map_or(About::Worker, About::Job);
        let worker = event.message.worker;
        let mine = groups.iter_mut().find(|group| {
            group.about == about
                && (about != About::Worker || group.events[0].message.worker == worker)
        });
        match mine {
            Some(group) => group.events.push(event),
            None => groups.push(Group {
                about,
                events: vec![event],
            }),
        }
    }
    groups
}

/// Takes a group in, however long the database is away.
async fn take(core: &Core, group: Group) {
    let Group { about, mut events } = group;
    if about == About::Worker {
        overtaken(&mut events).await;
    }
    while !events.is_empty() {
        let some: Vec<&WorkerEvent> = events.iter().map(|event| &event.message).collect();
        let done = match (persist(core, about, &some).await, some.as_slice()) {
            (Ok(()), some) => some.len(),
            (Err(error), [one]) => {
                put_aside(one, &error);
                1
            }
            // Together they can't be taken in: one by one, so that only the culprit is left aside.
            (Err(_), some) => {
                if let Err(error) = persist(core, about, &some[..1]).await {
                    put_aside(some[0], &error);
                }
                1
            }
        };
        for event in events.drain(..done) {
            metrics::event(kind(&event.message.body));
            if let Err(error) = event.ack().await {
                tracing::debug!(%error, "an event will come again");
            }
        }
    }
}

/// Of renewals that wait, one after the other, only the last has something to say.
async fn overtaken(events: &mut Vec<Delivery<WorkerEvent>>) {
    let is_renewal = |event: &Delivery<WorkerEvent>| {
        matches!(event.message.body, WorkerEventBody::Renewal { .. })
    };
    let mut last = Vec::with_capacity(events.len());
    for event in events.drain(..) {
        if is_renewal(&event)
            && let Some(before) = last.pop_if(|before| is_renewal(before))
            && let Err(error) = before.ack().await
        {
            tracing::debug!(%error, "an overtaken renewal will come again");
        }
        last.push(event);
    }
    *events = last;
}

/// Tries until it is in, or until trying is in vain.
async fn persist(core: &Core, about: About, events: &[&WorkerEvent]) -> Result<(), StoreError> {
    let mut tries = 0;
    loop {
        let outcome = match about {
            About::Job(job) => batch::apply(core, job, events).await,
            About::Worker => of_worker(core, events).await,
        };
        let Err(error) = outcome else { return Ok(()) };
        // A full disk is an outage too: what is read may be well, what is written is not.
        let database_is_well = !error.is_full() && core.store.check().await.is_ok();
        // An event that can never be applied says nothing of how well this replica is.
        if !database_is_well || transient(&error) {
            core.judging.unwell();
        }
        tries += u32::from(database_is_well);
        if tries >= TRIES || (database_is_well && !transient(&error)) {
            return Err(error);
        }
        tracing::warn!(%error, events = events.len(), "events could not be applied yet");
        tokio::time::sleep(PAUSE).await;
    }
}

fn transient(error: &StoreError) -> bool {
    !matches!(
        error,
        StoreError::Unreadable { .. } | StoreError::NotFound { .. } | StoreError::FileGone { .. }
    )
}

async fn of_worker(core: &Core, events: &[&WorkerEvent]) -> Result<(), StoreError> {
    let lease_ms = core.config.lease_ms();
    for event in events {
        match &event.body {
            WorkerEventBody::Renewal { info, runs } => {
                let stop =
                    renew(&core.store, info, runs, lease_ms, core.config.admission()).await?;
                core.stop(stop).await;
                crate::drain::remind(core, info).await?;
            }
            WorkerEventBody::Bye => {
                workers::bye(core.store.db(), event.worker).await?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The log keeps what it said.
fn put_aside(event: &WorkerEvent, error: &StoreError) {
    let said = serde_json::to_string(event).unwrap_or_default();
    tracing::error!(event = %event.id, %error, said, "an event can't be applied and was left aside");
    metrics::event_refused("not_applicable");
}
