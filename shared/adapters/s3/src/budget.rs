//! What may be in memory and on its way at once, in the whole process. Whoever finds no room waits, or goes to disk. Nobody
//! may wait for room while having a turn: those who have room wait for turns.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Memory is counted in steps of this many bytes.
const STEP: u64 = 64 * 1024;

/// The room there is.
#[derive(Debug, Clone)]
pub struct Budget {
    memory: Arc<Semaphore>,
    steps: u32,
    requests: Arc<Semaphore>,
}

/// Room that is given back when this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Room {
    _permit: OwnedSemaphorePermit,
}

impl Budget {
    /// So many bytes of memory, so many requests with a body.
    pub fn new(memory_bytes: u64, parallel: usize) -> Self {
        let steps = u32::try_from((memory_bytes / STEP).max(1)).unwrap_or(u32::MAX >> 4);
        Self {
            memory: Arc::new(Semaphore::new(steps as usize)),
            steps,
            requests: Arc::new(Semaphore::new(parallel.max(1))),
        }
    }

    /// Bytes of memory there are in all.
    pub fn memory_bytes(&self) -> u64 {
        u64::from(self.steps) * STEP
    }

    /// Room for so many bytes, if there is any now.
    pub fn try_memory(&self, bytes: u64) -> Option<Room> {
        let steps = u32::try_from(bytes.div_ceil(STEP)).ok()?;
        let permit = self.memory.clone().try_acquire_many_owned(steps).ok()?;
        Some(Room { _permit: permit })
    }

    /// Room for so many bytes, waited for. More than there is in all counts as all.
    pub async fn memory(&self, bytes: u64) -> Room {
        let steps = u32::try_from(bytes.div_ceil(STEP)).unwrap_or(u32::MAX);
        wait(&self.memory, steps.min(self.steps)).await
    }

    /// A turn for a request with a body, waited for.
    pub async fn request(&self) -> Room {
        wait(&self.requests, 1).await
    }
}

async fn wait(semaphore: &Arc<Semaphore>, many: u32) -> Room {
    #[allow(
        clippy::expect_used,
        reason = "these semaphores are never closed, the only way to fail"
    )]
    let permit = semaphore
        .clone()
        .acquire_many_owned(many)
        .await
        .expect("an open semaphore");
    Room { _permit: permit }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test speaks by panicking")]
mod tests {
    use super::{Budget, STEP};
    use futures::FutureExt;

    #[tokio::test]
    async fn there_is_no_more_than_there_is() {
        let budget = Budget::new(4 * STEP, 1);
        let three = budget.try_memory(3 * STEP).unwrap();
        assert!(budget.try_memory(2 * STEP).is_none());
        let mut waiting = Box::pin(budget.memory(100 * STEP));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(three);
        drop(waiting.await);
        let turn = budget.request().await;
        assert!(budget.request().now_or_never().is_none());
        drop(turn);
        assert!(budget.request().now_or_never().is_some());
    }
}
