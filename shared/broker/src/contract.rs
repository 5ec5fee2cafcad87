//! The port itself and its contract. Adapters must pass `suite`.

use crate::BrokerError;
use async_trait::async_trait;
use reelmill_domain::{
    lane::Lane,
    wire::{Control, JobHint, Progress, TaskMessage, WorkerEvent},
};
use std::time::Duration;

/// Carries work and words between the services. Every method may be called from many tasks at once.
///
/// Durable messages (tasks, events, job hints) are delivered at least once; a delivery that is dropped without
/// [`Delivery::ack`] is delivered again. Transient ones (progress, control) reach whoever listens now. A message arrives
/// with the trace it was sent with.
///
/// No method waits without bound: what the broker doesn't take or answer in a few seconds is [`BrokerError::Unreachable`].
/// A durable message that failed so may have arrived all the same. Consumers end when the broker is lost or dropped; new ones
/// work as soon as it is back.
#[async_trait]
pub trait Broker: Send + Sync + 'static {
    /// Sends a task to its lane. Returns when the broker has it. A lane that no consumer has ever opened is
    /// [`BrokerError::Unroutable`]. Not consumed within `ttl`, it goes to [`Broker::consume_dead`] instead.
    async fn publish_task(&self, message: &TaskMessage, ttl: Duration) -> Result<(), BrokerError>;

    /// Takes one task at a time from a lane: the next is handed out only once the one before is acknowledged or
    /// dropped, and only to a call of [`Source::next`]: a consumer that doesn't ask keeps nothing from others.
    /// Dropping the stream ends the consumer and gives back what was not acknowledged; acknowledging it later fails.
    /// The first consumer makes the lane, which then stays.
    async fn consume_tasks(&self, lane: &Lane) -> Result<Messages<TaskMessage>, BrokerError>;

    /// Tasks that expired or that the broker gave up on: a task that is given back again and again is not handed out for ever.
    async fn consume_dead(&self) -> Result<Messages<DeadTask>, BrokerError>;

    /// Says something durable to status. Returns when the broker has it.
    async fn publish_event(&self, event: &WorkerEvent) -> Result<(), BrokerError>;

    /// The events, shared among the consumers (each event to one of them), in order per worker as long as nothing is given back.
    async fn consume_events(&self) -> Result<Messages<WorkerEvent>, BrokerError>;

    /// Hints that a job was written.
    async fn publish_job(&self, hint: &JobHint) -> Result<(), BrokerError>;

    /// The hints, shared among the consumers.
    async fn consume_jobs(&self) -> Result<Messages<JobHint>, BrokerError>;

    /// Tells everyone who listens how far a run is. May be lost.
    async fn publish_progress(&self, progress: &Progress) -> Result<(), BrokerError>;

    /// Everyone's progress from now on; a slow listener loses the oldest.
    async fn listen_progress(&self) -> Result<Messages<Progress>, BrokerError>;

    /// Tells every worker. May be lost.
    async fn publish_control(&self, control: &Control) -> Result<(), BrokerError>;

    /// Every order from now on.
    async fn listen_control(&self) -> Result<Messages<Control>, BrokerError>;

    /// Whether the broker can be used now.
    async fn check(&self) -> Result<(), BrokerError>;

    /// How many messages are kept apart because nobody could read them. None where messages never leave the process.
    async fn unreadable(&self) -> Result<u64, BrokerError> {
        Ok(0)
    }
}

/// Why and what a broker gave up on.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadTask {
    /// The message.
    pub message: TaskMessage,
    /// It was not consumed in time (otherwise: delivered too often).
    pub expired: bool,
}

/// A stream of deliveries. `None` from [`Messages::next`] means that the consumer was ended from the other side:
/// make a new one.
#[async_trait]
pub trait Source<T>: Send {
    /// The next delivery.
    async fn next(&mut self) -> Option<Delivery<T>>;
}

/// A consumer of messages; dropping it ends it.
pub type Messages<T> = Box<dyn Source<T>>;

/// A message that was handed out.
pub struct Delivery<T> {
    /// The message.
    pub message: T,
    /// Delivered before.
    pub redelivered: bool,
    acknowledge: Option<Box<dyn Acknowledge>>,
}

impl<T> Delivery<T> {
    /// A delivery that must be acknowledged; dropping `acknowledge` unused gives the message back.
    pub fn new(message: T, redelivered: bool, acknowledge: Box<dyn Acknowledge>) -> Self {
        Self {
            message,
            redelivered,
            acknowledge: Some(acknowledge),
        }
    }

    /// A delivery that needs no acknowledgement (transient).
    pub fn transient(message: T) -> Self {
        Self {
            message,
            redelivered: false,
            acknowledge: None,
        }
    }

    /// Says that the message is done with; it will not come again.
    pub async fn ack(mut self) -> Result<(), BrokerError> {
        match self.acknowledge.take() {
            Some(a) => a.ack().await,
            None => Ok(()),
        }
    }
}

/// How an adapter learns that a delivery is done with.
#[async_trait]
pub trait Acknowledge: Send {
    /// Done with.
    async fn ack(self: Box<Self>) -> Result<(), BrokerError>;
}
