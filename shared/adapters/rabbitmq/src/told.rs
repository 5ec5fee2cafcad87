//! Reading what status is told: durable queues that several readers share. Some messages are sent ahead of being asked for.

use crate::{
    body,
    close::close,
    dead::Dead,
    hand::{Ended, InHand},
    link::{Link, PATIENCE, within},
    topology,
};
use async_trait::async_trait;
use futures::StreamExt;
use lapin::{
    Channel, Consumer,
    message::Delivery as Message,
    options::{BasicConsumeOptions, BasicQosOptions, BasicRejectOptions},
    types::FieldTable,
};
use reelmill_broker::{BrokerError, DeadTask, Delivery, Source};
use reelmill_domain::wire::{JobHint, WorkerEvent};
use std::marker::PhantomData;
use tokio::{runtime::Handle, time::Instant};

/// Messages that are sent ahead: enough to hide the way from the broker, few enough that a reader that hangs keeps little from
/// the others.
const AHEAD: u16 = 32;

const READING: &str = "reading what came";

/// What can be read from such a queue.
pub trait Told: Sized + Send + 'static {
    /// Reads it.
    fn read(message: &Message) -> Result<Self, BrokerError>;
}

impl Told for WorkerEvent {
    fn read(message: &Message) -> Result<Self, BrokerError> {
        body::read(READING, &message.data, &message.properties)
    }
}

impl Told for JobHint {
    fn read(message: &Message) -> Result<Self, BrokerError> {
        body::read(READING, &message.data, &message.properties)
    }
}

impl Told for DeadTask {
    fn read(message: &Message) -> Result<Self, BrokerError> {
        let expired = Dead::of(&message.properties) == Dead::Expired;
        let message = body::read(READING, &message.data, &message.properties)?;
        Ok(Self { message, expired })
    }
}

/// A reader of one queue.
pub struct Reader<T> {
    queue: &'static str,
    channel: Channel,
    consumer: Consumer,
    ended: Ended,
    runtime: Handle,
    reads: PhantomData<fn() -> T>,
}

impl<T> Reader<T> {
    /// Begins to read; the queue is made if need be.
    pub async fn open(link: &Link, queue: &'static str) -> Result<Self, BrokerError> {
        let attempt = "opening a queue";
        let live = link.wait(attempt, Instant::now() + PATIENCE).await?;
        let channel = live.channel(attempt).await?;
        within(attempt, topology::declare(&channel)).await?;
        let options = BasicQosOptions { global: false };
        within(attempt, channel.basic_qos(AHEAD, options)).await?;
        let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
        let consuming = channel.basic_consume(queue.into(), "".into(), options, none);
        let consumer = within(attempt, consuming).await?;
        Ok(Self {
            queue,
            channel,
            consumer,
            ended: Ended::default(),
            runtime: Handle::current(),
            reads: PhantomData,
        })
    }
}

#[async_trait]
impl<T: Told> Source<T> for Reader<T> {
    async fn next(&mut self) -> Option<Delivery<T>> {
        loop {
            let message = match self.consumer.next().await? {
                Ok(message) => message,
                Err(error) => {
                    tracing::debug!(queue = self.queue, %error, "reading was ended");
                    return None;
                }
            };
            match T::read(&message) {
                Ok(read) => {
                    let held = InHand::new(message.acker, self.ended.clone(), ());
                    return Some(Delivery::new(read, message.redelivered, Box::new(held)));
                }
                Err(error) => {
                    let kept = topology::UNREADABLE;
                    tracing::error!(queue = self.queue, %error, kept, "a message can't be read; it is kept apart");
                    let options = BasicRejectOptions { requeue: false };
                    let rejecting = message.acker.reject(options);
                    if let Err(error) = within("rejecting a message", rejecting).await {
                        tracing::debug!(%error, "it will come again");
                    }
                }
            }
        }
    }
}

impl<T> Drop for Reader<T> {
    fn drop(&mut self) {
        self.ended.set();
        close(&self.runtime, self.channel.clone(), self.consumer.clone());
    }
}
