//! Transient messages: to whoever listens now. A slow listener loses the oldest and holds up nobody.

use async_trait::async_trait;
use reelmill_broker::{Delivery, Source};
use tokio::sync::broadcast::{self, error::RecvError};

/// Says something to everyone who listens.
pub fn say<T: Clone>(to: &broadcast::Sender<T>, message: &T) {
    if to.receiver_count() > 0 && to.send(message.clone()).is_err() {
        tracing::trace!("the last listener left while it was being told");
    }
}

/// Hears what is said from its making on.
pub struct Listener<T> {
    from: broadcast::Receiver<T>,
}

impl<T: Clone> Listener<T> {
    /// A listener.
    pub fn new(to: &broadcast::Sender<T>) -> Self {
        Self {
            from: to.subscribe(),
        }
    }
}

#[async_trait]
impl<T: Clone + Send + 'static> Source<T> for Listener<T> {
    async fn next(&mut self) -> Option<Delivery<T>> {
        loop {
            match self.from.recv().await {
                Ok(message) => return Some(Delivery::transient(message)),
                Err(RecvError::Lagged(lost)) => tracing::debug!(lost, "a slow listener lost some"),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
