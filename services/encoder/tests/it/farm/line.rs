//! The way to a broker, which can be cut, and which can lose what comes back over it.

use super::until;
use async_trait::async_trait;
use reelmill_broker::{Acknowledge, Broker, BrokerError, DeadTask, Delivery, Messages, Source};
use reelmill_domain::{
    lane::Lane,
    wire::{Control, JobHint, Progress, TaskMessage, WorkerEvent, WorkerEventBody},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// The way to a broker, which can be cut.
pub struct Line {
    broker: Arc<dyn Broker>,
    cut: AtomicBool,
    /// Calls that found it cut.
    pub refused: AtomicUsize,
    /// So many `started` arrive without anybody hearing that they did.
    pub lose_confirms: AtomicUsize,
    /// So many acknowledgements never arrive: the message is delivered again.
    pub lose_acks: Arc<AtomicUsize>,
    /// Tasks that were delivered again.
    pub redelivered: Arc<AtomicUsize>,
}

fn lost() -> BrokerError {
    BrokerError::Unreachable {
        attempt: "anything",
        cause: "the line is cut".into(),
    }
}

/// Takes one away; false when there was none.
fn take_one(from: &AtomicUsize) -> bool {
    from.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
        .is_ok()
}

impl Line {
    fn up(&self) -> Result<(), BrokerError> {
        if !self.cut.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.refused.fetch_add(1, Ordering::SeqCst);
        Err(lost())
    }

    pub fn new(broker: Arc<dyn Broker>) -> Arc<Self> {
        Arc::new(Self {
            broker,
            cut: AtomicBool::new(false),
            refused: AtomicUsize::new(0),
            lose_confirms: AtomicUsize::new(0),
            lose_acks: Arc::default(),
            redelivered: Arc::default(),
        })
    }

    /// Cuts the line, and waits until the worker has run into it.
    pub async fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        let before = self.refused.load(Ordering::SeqCst);
        until(
            || (self.refused.load(Ordering::SeqCst) > before).then_some(()),
            "the worker never noticed",
        )
        .await;
    }

    pub fn mend(&self) {
        self.cut.store(false, Ordering::SeqCst);
    }
}

#[async_trait]
impl Broker for Line {
    async fn publish_task(&self, message: &TaskMessage, ttl: Duration) -> Result<(), BrokerError> {
        self.up()?;
        self.broker.publish_task(message, ttl).await
    }
    async fn consume_tasks(&self, lane: &Lane) -> Result<Messages<TaskMessage>, BrokerError> {
        self.up()?;
        Ok(Box::new(Lossy {
            inner: self.broker.consume_tasks(lane).await?,
            lose_acks: self.lose_acks.clone(),
            redelivered: self.redelivered.clone(),
        }))
    }
    async fn consume_dead(&self) -> Result<Messages<DeadTask>, BrokerError> {
        self.up()?;
        self.broker.consume_dead().await
    }
    async fn publish_event(&self, event: &WorkerEvent) -> Result<(), BrokerError> {
        self.up()?;
        self.broker.publish_event(event).await?;
        let starts = matches!(event.body, WorkerEventBody::Started { .. });
        match starts && take_one(&self.lose_confirms) {
            true => Err(lost()),
            false => Ok(()),
        }
    }
    async fn consume_events(&self) -> Result<Messages<WorkerEvent>, BrokerError> {
        self.up()?;
        self.broker.consume_events().await
    }
    async fn publish_job(&self, hint: &JobHint) -> Result<(), BrokerError> {
        self.up()?;
        self.broker.publish_job(hint).await
    }
    async fn consume_jobs(&self) -> Result<Messages<JobHint>, BrokerError> {
        self.up()?;
        self.broker.consume_jobs().await
    }
    async fn publish_progress(&self, progress: &Progress) -> Result<(), BrokerError> {
        self.up()?;
        self.broker.publish_progress(progress).await
    }
    async fn listen_progress(&self) -> Result<Messages<Progress>, BrokerError> {
        self.up()?;
        self.broker.listen_progress().await
    }
    async fn publish_control(&self, control: &Control) -> Result<(), BrokerError> {
        self.up()?;
        self.broker.publish_control(control).await
    }
    async fn listen_control(&self) -> Result<Messages<Control>, BrokerError> {
        self.up()?;
        self.broker.listen_control().await
    }
    async fn check(&self) -> Result<(), BrokerError> {
        self.up()?;
        self.broker.check().await
    }
}

/// A consumer whose acknowledgements may get lost.
struct Lossy {
    inner: Messages<TaskMessage>,
    lose_acks: Arc<AtomicUsize>,
    redelivered: Arc<AtomicUsize>,
}

#[async_trait]
impl Source<TaskMessage> for Lossy {
    async fn next(&mut self) -> Option<Delivery<TaskMessage>> {
        let delivery = self.inner.next().await?;
        self.redelivered
            .fetch_add(usize::from(delivery.redelivered), Ordering::SeqCst);
        let (message, redelivered) = (delivery.message.clone(), delivery.redelivered);
        let ack = LossyAck {
            delivery,
            lose_acks: self.lose_acks.clone(),
        };
        Some(Delivery::new(message, redelivered, Box::new(ack)))
    }
}

struct LossyAck {
    delivery: Delivery<TaskMessage>,
    lose_acks: Arc<AtomicUsize>,
}

#[async_trait]
impl Acknowledge for LossyAck {
    async fn ack(self: Box<Self>) -> Result<(), BrokerError> {
        // Dropped unacknowledged, as when its channel is lost.
        match take_one(&self.lose_acks) {
            true => Err(lost()),
            false => self.delivery.ack().await,
        }
    }
}
