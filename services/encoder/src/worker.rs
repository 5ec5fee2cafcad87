//! What the parts of one worker share.

use crate::{
    EncoderConfig,
    access::LOOK_EVERY,
    cache::Cache,
    doubts::Doubts,
    exclusive::Exclusive,
    returned::Returned,
    runs::Runs,
    scratch::Scratch,
    slots::{Pool, pools},
};
use reelmill_broker::{Backoff, Broker};
use reelmill_domain::{
    id::{EventId, WorkerId},
    time::Timestamp,
    wire::{SCHEMA, WorkerEvent, WorkerEventBody},
    worker::{LaneSlots, WorkerInfo},
};
use reelmill_objects::ObjectStore;
use std::{
    io,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::sync::{Notify, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

/// What an ordered end may take beyond the grace: to give back what still runs, to delete what it stored, to say goodbye.
pub const LAST_WORDS: Duration = Duration::from_secs(6);

/// Renewals for which others are left to take a task that is to avoid this worker.
const LEFT_TO_OTHERS: u32 = 10;

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
    /// What it keeps of them.
    pub cache: Cache,
    /// Its disk.
    pub scratch: Scratch,
    /// The runs it holds.
    pub runs: Runs,
    /// Which of them may run beside each other.
    pub exclusive: Exclusive,
    /// Its slots.
    pub pools: Vec<Arc<Pool>>,
    /// Told to take nothing new.
    pub drained: watch::Sender<bool>,
    /// Its disk has no room for another task.
    pub disk_full: watch::Sender<bool>,
    /// Its object store refuses it until somebody corrects the settings.
    pub refused: watch::Sender<bool>,
    /// Whether it may be refused where others are not.
    pub doubts: Doubts,
    /// Tasks that it gave back because they are to avoid it.
    pub returned: Returned,
    /// Asked to end: takes nothing new, either.
    pub stopping: CancellationToken,
    /// Something changed that status should hear before the next second.
    pub news: Notify,
    /// The broker took something again after it hadn't.
    pub broker_back: Notify,
    /// The tasks that carry its runs.
    pub carriers: TaskTracker,
    /// The tasks that delete what ended runs have stored.
    pub cleaners: TaskTracker,
    /// When the broker last took a renewal.
    renewed: Mutex<Instant>,
    /// Set by whoever first notices that it was asked to end.
    ends_by: OnceLock<tokio::time::Instant>,
}

impl Worker {
    /// A worker that has not begun.
    ///
    /// # Errors
    /// Its scratch folder can't be written.
    pub fn new(
        id: WorkerId,
        config: EncoderConfig,
        broker: Arc<dyn Broker>,
        objects: Arc<dyn ObjectStore>,
        scratch: Scratch,
        stopping: CancellationToken,
    ) -> io::Result<Self> {
        let cache = Cache::open(
            objects.clone(),
            config.store_retry,
            scratch.cache_folder(),
            config.cache_bytes,
            config.min_free_scratch,
        )?;
        Ok(Self {
            id,
            pools: pools(&config.lanes, config.slots),
            doubts: Doubts::none(config.renew_every * LOOK_EVERY),
            returned: Returned::none(match config.lease {
                Some(_) => config.renew_every * LEFT_TO_OTHERS,
                // There are no others.
                None => config.renew_every,
            }),
            config,
            broker,
            objects,
            cache,
            scratch,
            runs: Runs::new(),
            exclusive: Exclusive::new(),
            drained: watch::Sender::new(false),
            disk_full: watch::Sender::new(false),
            refused: watch::Sender::new(false),
            stopping,
            news: Notify::new(),
            broker_back: Notify::new(),
            carriers: TaskTracker::new(),
            cleaners: TaskTracker::new(),
            renewed: Mutex::new(Instant::now()),
            ends_by: OnceLock::new(),
        })
    }

    /// What it says of itself now.
    pub fn info(&self) -> WorkerInfo {
        // Slots that take nothing would be sent the same task again and again: while a run must be alone none is free,
        // and while the disk is full or the store refuses it there are none.
        let closed = self.exclusive.is_closed();
        let unfit = *self.disk_full.borrow() || *self.refused.borrow();
        let lanes = self.pools.iter().flat_map(|pool| {
            let busy = self.runs.count(|lane| pool.lanes.contains(lane));
            let busy = u16::try_from(busy).unwrap_or(u16::MAX);
            let slots = if unfit {
                busy.min(pool.slots)
            } else {
                pool.slots
            };
            let free = if closed {
                0
            } else {
                slots.saturating_sub(busy)
            };
            pool.lanes.iter().map(move |lane| LaneSlots {
                lane: lane.clone(),
                slots,
                free,
            })
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
        let mut bars = self.bars().map(watch::Sender::subscribe);
        let open = async {
            loop {
                for bar in &mut bars {
                    // All wait on senders that live in `self`.
                    let _ = bar.wait_for(|barred| !barred).await;
                }
                self.exclusive.open().await;
                if bars.iter_mut().all(|bar| !*bar.borrow_and_update()) {
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
        let [mut drained, mut disk_full, mut refused] = self.bars().map(watch::Sender::subscribe);
        tokio::select! {
            () = self.stopping.cancelled() => {}
            () = self.exclusive.closed() => {}
            _ = drained.wait_for(|barred| *barred) => {}
            _ = disk_full.wait_for(|barred| *barred) => {}
            _ = refused.wait_for(|barred| *barred) => {}
        }
    }

    /// Each keeps new tasks away while it is true.
    fn bars(&self) -> [&watch::Sender<bool>; 3] {
        [&self.drained, &self.disk_full, &self.refused]
    }

    /// Waits until a worker that was asked to end must be silent: `before` before the end of all its time.
    pub async fn too_late(&self, before: Duration) {
        self.stopping.cancelled().await;
        tokio::time::sleep_until(self.ends_by() - before).await;
    }

    /// When a worker that is asked to end has ended, whatever is not done by then.
    pub fn ends_by(&self) -> tokio::time::Instant {
        *self
            .ends_by
            .get_or_init(|| tokio::time::Instant::now() + self.config.drain_grace + LAST_WORDS)
    }

    /// Pauses before the broker is tried again, less if it turns out to be back.
    pub async fn until_broker_or(&self, backoff: &mut Backoff) {
        tokio::select! {
            () = tokio::time::sleep(backoff.pause()) => {}
            () = self.broker_back.notified() => {}
        }
    }

    /// The broker took a renewal.
    pub fn renewed(&self) {
        *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// When it last did.
    pub fn last_renewed(&self) -> Instant {
        *self.renewed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// This machine's clock: for order within one run, never for deadlines.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let ms = since.map_or(0, |since| since.as_millis());
    Timestamp(i64::try_from(ms).unwrap_or(i64::MAX))
}
