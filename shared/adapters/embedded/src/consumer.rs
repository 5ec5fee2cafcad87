//! A consumer of one queue and the deliveries it hands out. It takes a message only when asked for one.

use crate::queue::Queue;
use async_trait::async_trait;
use reelmill_broker::{Acknowledge, BrokerError, Delivery, Source};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

static NEXT_CONSUMER: AtomicU64 = AtomicU64::new(0);

/// Takes messages from a queue; ending it gives back what it holds.
pub struct Consumer<T: Clone> {
    queue: Arc<Queue<T>>,
    id: u64,
    /// One permit per delivery that it may hold.
    prefetch: Arc<Semaphore>,
}

impl<T: Clone> Consumer<T> {
    /// A consumer that holds at most `prefetch` unacknowledged messages.
    pub fn new(queue: Arc<Queue<T>>, prefetch: usize) -> Self {
        Self {
            queue,
            id: NEXT_CONSUMER.fetch_add(1, Ordering::Relaxed),
            prefetch: Arc::new(Semaphore::new(prefetch)),
        }
    }
}

#[async_trait]
impl<T: Clone + Send + 'static> Source<T> for Consumer<T> {
    async fn next(&mut self) -> Option<Delivery<T>> {
        // The semaphore is never closed; were it, the consumer would be over.
        let permit = self.prefetch.clone().acquire_owned().await.ok()?;
        let handed = self.queue.take(self.id).await?;
        let held = InHand {
            queue: self.queue.clone(),
            delivery: Some(handed.delivery),
            _permit: permit,
        };
        Some(Delivery::new(
            handed.message,
            handed.redelivered,
            Box::new(held),
        ))
    }
}

impl<T: Clone> Drop for Consumer<T> {
    fn drop(&mut self) {
        self.queue.end_consumer(self.id);
    }
}

/// A delivery that is neither acknowledged nor given back yet.
struct InHand<T: Clone> {
    queue: Arc<Queue<T>>,
    delivery: Option<u64>,
    _permit: OwnedSemaphorePermit,
}

#[async_trait]
impl<T: Clone + Send + 'static> Acknowledge for InHand<T> {
    async fn ack(mut self: Box<Self>) -> Result<(), BrokerError> {
        match self.delivery.take() {
            Some(delivery) if self.queue.settle(delivery) => Ok(()),
            _ => Err(BrokerError::Unreachable {
                attempt: "acknowledging a message",
                cause: "the consumer that took it has ended, and it was given back".into(),
            }),
        }
    }
}

impl<T: Clone> Drop for InHand<T> {
    fn drop(&mut self) {
        if let Some(delivery) = self.delivery.take() {
            self.queue.give_back(delivery);
        }
    }
}
