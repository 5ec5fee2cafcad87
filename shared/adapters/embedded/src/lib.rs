//! The in-process broker. It keeps everything in memory and may lose it with the process: the database is the
//! truth, and status releases again whatever was on its way. It must never grow without bound, and never spin.

mod consumer;
mod expiry;
mod fanout;
mod queue;

use async_trait::async_trait;
use consumer::Consumer;
use fanout::Listener;
use queue::Queue;
use reelmill_broker::{Broker, BrokerError, DeadTask, Messages};
use reelmill_domain::{
    lane::Lane,
    wire::{Control, JobHint, Progress, TaskMessage, WorkerEvent},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::broadcast, time::Instant};
use tokio_util::sync::CancellationToken;

/// How many messages a queue holds, delivered but unacknowledged ones included. Then a publisher waits.
const QUEUE_BOUND: usize = 16_384;

/// How many dead tasks are kept for a reader that doesn't come; the oldest goes, since its release lapses anyway.
const DEAD_BOUND: usize = 1024;

/// How many transient messages a listener may lag behind before it loses the oldest.
const LISTENER_BOUND: usize = 1024;

/// How many events, hints or dead tasks one consumer may hold unacknowledged.
const PREFETCH: usize = 256;

/// The broker of a single process.
pub struct EmbeddedBroker {
    lanes: Mutex<HashMap<Lane, Arc<Queue<TaskMessage>>>>,
    dead: Arc<Queue<DeadTask>>,
    events: Arc<Queue<WorkerEvent>>,
    jobs: Arc<Queue<JobHint>>,
    progress: broadcast::Sender<Progress>,
    control: broadcast::Sender<Control>,
    /// Cancelled when the broker goes: ends every consumer and the expiry of every lane.
    closed: CancellationToken,
}

impl EmbeddedBroker {
    /// A broker with nothing in it.
    pub fn new() -> Arc<Self> {
        let closed = CancellationToken::new();
        Arc::new(Self {
            lanes: Mutex::default(),
            dead: Queue::new(DEAD_BOUND, &closed),
            events: Queue::new(QUEUE_BOUND, &closed),
            jobs: Queue::new(QUEUE_BOUND, &closed),
            progress: broadcast::Sender::new(LISTENER_BOUND),
            control: broadcast::Sender::new(LISTENER_BOUND),
            closed,
        })
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<Lane, Arc<Queue<TaskMessage>>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_lane(&self, lane: &Lane) -> Arc<Queue<TaskMessage>> {
        self.lanes()
            .entry(lane.clone())
            .or_insert_with(|| {
                let queue = Queue::new(QUEUE_BOUND, &self.closed);
                expiry::spawn(queue.clone(), self.dead.clone());
                queue
            })
            .clone()
    }
}

impl Drop for EmbeddedBroker {
    fn drop(&mut self) {
        self.closed.cancel();
    }
}

#[async_trait]
impl Broker for EmbeddedBroker {
    async fn publish_task(&self, message: &TaskMessage, ttl: Duration) -> Result<(), BrokerError> {
        let lane = self.lanes().get(&message.lane).cloned();
        match lane {
            Some(queue) => {
                let deadline = Instant::now() + ttl;
                queue
                    .push("publishing a task", message.clone(), Some(deadline))
                    .await
            }
            None => Err(BrokerError::Unroutable {
                lane: message.lane.to_string(),
            }),
        }
    }

    async fn consume_tasks(&self, lane: &Lane) -> Result<Messages<TaskMessage>, BrokerError> {
        Ok(Box::new(Consumer::new(self.open_lane(lane), 1)))
    }

    async fn consume_dead(&self) -> Result<Messages<DeadTask>, BrokerError> {
        Ok(Box::new(Consumer::new(self.dead.clone(), PREFETCH)))
    }

    async fn publish_event(&self, event: &WorkerEvent) -> Result<(), BrokerError> {
        self.events
            .push("publishing an event", event.clone(), None)
            .await
    }

    async fn consume_events(&self) -> Result<Messages<WorkerEvent>, BrokerError> {
        Ok(Box::new(Consumer::new(self.events.clone(), PREFETCH)))
    }

    async fn publish_job(&self, hint: &JobHint) -> Result<(), BrokerError> {
        self.jobs
            .push("publishing a hint", hint.clone(), None)
            .await
    }

    async fn consume_jobs(&self) -> Result<Messages<JobHint>, BrokerError> {
        Ok(Box::new(Consumer::new(self.jobs.clone(), PREFETCH)))
    }

    async fn publish_progress(&self, progress: &Progress) -> Result<(), BrokerError> {
        fanout::say(&self.progress, progress);
        Ok(())
    }

    async fn listen_progress(&self) -> Result<Messages<Progress>, BrokerError> {
        Ok(Box::new(Listener::new(&self.progress)))
    }

    async fn publish_control(&self, control: &Control) -> Result<(), BrokerError> {
        fanout::say(&self.control, control);
        Ok(())
    }

    async fn listen_control(&self) -> Result<Messages<Control>, BrokerError> {
        Ok(Box::new(Listener::new(&self.control)))
    }

    async fn check(&self) -> Result<(), BrokerError> {
        Ok(())
    }
}
