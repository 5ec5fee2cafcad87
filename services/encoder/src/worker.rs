//! What the parts of one worker share.

use crate::{EncoderConfig, company::Company, runs::Runs, scratch::Scratch};
use reelmill_broker::Broker;
use reelmill_domain::{
    id::{EventId, WorkerId},
    lane::Lane,
    time::Timestamp,
    wire::{SCHEMA, WorkerEvent, WorkerEventBody},
    worker::{LaneSlots, WorkerInfo},
};
use reelmill_objects::ObjectStore;
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

/// The slots of the `light` lane: probes and assembles never wait behind an encode.
const LIGHT_SLOTS: u16 = 1;

/// One worker.
pub struct Worker {
    /// New at each start.
    pub id: WorkerId,
    /// Its settings.
    pub config: EncoderConfig,
    /// How it hears and speaks.
    pub broker: Arc<dyn Broker>,
    /// Where inputs come from and results go.
    pub objects: Arc<dyn ObjectStore>,
    /// Its disk.
    pub scratch: Scratch,
    /// The runs it holds.
    pub runs: Runs,
    /// Who runs beside whom.
    pub company: Company,
    /// Told to take nothing new.
    pub drained: watch::Sender<bool>,
    /// Asked to end: takes nothing new, either.
    pub stopping: CancellationToken,
    /// Something changed that status should hear before the next second.
    pub news: Notify,
    /// The tasks that carry its runs.
    pub carriers: TaskTracker,
    light: Arc<Semaphore>,
    encode: Arc<Semaphore>,
}

impl Worker {
    /// A worker that has not begun.
    pub fn new(
        id: WorkerId,
        config: EncoderConfig,
        broker: Arc<dyn Broker>,
        objects: Arc<dyn ObjectStore>,
        scratch: Scratch,
        stopping: CancellationToken,
    ) -> Self {
        Self {
            id,
            light: Arc::new(Semaphore::new(LIGHT_SLOTS.into())),
            encode: Arc::new(Semaphore::new(config.slots.into())),
            config,
            broker,
            objects,
            scratch,
            runs: Runs::default(),
            company: Company::new(),
            drained: watch::Sender::new(false),
            stopping,
            news: Notify::new(),
            carriers: TaskTracker::new(),
        }
    }

    /// The slots that a lane's tasks take: `light` has its own, all others share.
    pub fn slots(&self, lane: &Lane) -> Arc<Semaphore> {
        if *lane == Lane::light() {
            self.light.clone()
        } else {
            self.encode.clone()
        }
    }

    /// What it says of itself now.
    pub fn info(&self) -> WorkerInfo {
        let light = Lane::light();
        let busy_light = self.runs.count(|lane| *lane == light);
        let busy_encode = self.runs.count(|lane| *lane != light);
        let lanes = self.config.lanes.iter().map(|lane| {
            let (slots, busy) = if *lane == light {
                (LIGHT_SLOTS, busy_light)
            } else {
                (self.config.slots, busy_encode)
            };
            // A free slot that takes nothing would be sent the same task again and again.
            let busy = match self.company.is_closed() {
                true => slots,
                false => u16::try_from(busy).unwrap_or(u16::MAX),
            };
            LaneSlots {
                lane: lane.clone(),
                slots,
                free: slots.saturating_sub(busy),
            }
        });
        WorkerInfo {
            id: self.id,
            name: self.config.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            lanes: lanes.collect(),
            abilities: self.config.abilities.clone(),
            draining: *self.drained.borrow() || self.stopping.is_cancelled(),
        }
    }

    /// A message of this worker, with an id of its own.
    pub fn event(&self, body: WorkerEventBody) -> WorkerEvent {
        WorkerEvent {
            schema: SCHEMA,
            id: EventId(Uuid::now_v7()),
            worker: self.id,
            body,
            trace: None,
        }
    }

    /// Waits until new tasks may be taken. False: never again.
    pub async fn opens(&self) -> bool {
        let mut drained = self.drained.subscribe();
        let open = async {
            loop {
                // Both wait on senders that live in `self`.
                let _ = drained.wait_for(|drained| !drained).await;
                self.company.open().await;
                if !*drained.borrow_and_update() {
                    return;
                }
            }
        };
        tokio::select! {
            biased;
            () = self.stopping.cancelled() => false,
            () = open => true,
        }
    }

    /// Waits until no new task may be taken.
    pub async fn closes(&self) {
        let mut drained = self.drained.subscribe();
        tokio::select! {
            () = self.stopping.cancelled() => {}
            () = self.company.closed() => {}
            _ = drained.wait_for(|drained| *drained) => {}
        }
    }
}

/// This machine's clock: for order within one run, never for deadlines.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let ms = since.map_or(0, |since| since.as_millis());
    Timestamp(i64::try_from(ms).unwrap_or(i64::MAX))
}
