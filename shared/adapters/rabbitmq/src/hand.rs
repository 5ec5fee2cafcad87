//! A delivery in hand: neither acknowledged nor given back yet. Dropped, it is given back.

use crate::link::{unreachable, within};
use async_trait::async_trait;
use lapin::{
    Acker,
    options::{BasicAckOptions, BasicRejectOptions},
};
use reelmill_broker::{Acknowledge, BrokerError};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::runtime::Handle;

const ACKNOWLEDGING: &str = "acknowledging a message";

/// Whether a consumer has ended; what it handed out can't be acknowledged any more.
#[derive(Clone, Default)]
pub struct Ended(Arc<AtomicBool>);

impl Ended {
    /// It has.
    pub fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A delivery in hand. `S` is what it holds on to meanwhile.
pub struct InHand<S: Send + 'static> {
    acker: Option<Acker>,
    ended: Ended,
    holds: Option<S>,
    runtime: Handle,
}

impl<S: Send + 'static> InHand<S> {
    /// Takes a delivery in hand.
    pub fn new(acker: Acker, ended: Ended, holds: S) -> Self {
        Self {
            acker: Some(acker),
            ended,
            holds: Some(holds),
            runtime: Handle::current(),
        }
    }
}

#[async_trait]
impl<S: Send + 'static> Acknowledge for InHand<S> {
    async fn ack(mut self: Box<Self>) -> Result<(), BrokerError> {
        if self.ended.is_set() {
            return Err(stale());
        }
        let Some(acker) = self.acker.take() else {
            return Err(stale());
        };
        let options = BasicAckOptions::default();
        match within(ACKNOWLEDGING, acker.ack(options)).await? {
            true => Ok(()),
            false => Err(stale()),
        }
    }
}

fn stale() -> BrokerError {
    unreachable(
        ACKNOWLEDGING,
        "the consumer that took it has ended, and it was given back",
    )
}

impl<S: Send + 'static> Drop for InHand<S> {
    fn drop(&mut self) {
        let holds = self.holds.take();
        let Some(acker) = self.acker.take().filter(|_| !self.ended.is_set()) else {
            return;
        };
        // Not `nack`: since RabbitMQ 4.3 only `reject` counts towards the delivery limit.
        self.runtime.spawn(async move {
            let options = BasicRejectOptions { requeue: true };
            if let Err(error) = within("giving a message back", acker.reject(options)).await {
                tracing::debug!(%error, "the broker takes it back by itself");
            }
            drop(holds);
        });
    }
}
