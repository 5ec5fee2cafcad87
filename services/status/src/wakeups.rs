//! How the parts wake each other. That only saves time: every part also looks by itself.

use reelmill_domain::api::ProgressView;
use std::sync::Arc;
use tokio::sync::{Notify, broadcast, watch};

/// How many progress views a slow client may lag behind.
const LAG: usize = 256;

/// What parts wait for.
pub struct Wakeups {
    /// Something may be ready to be released.
    pub dispatch: Notify,
    /// Something may be swept.
    pub sweep: Notify,
    /// A story may have a new line.
    stories: watch::Sender<u64>,
    /// Jobs whose progress changed.
    pub progress: broadcast::Sender<Arc<ProgressView>>,
}

impl Wakeups {
    /// Nobody is woken yet.
    pub fn new() -> Self {
        Self {
            dispatch: Notify::new(),
            sweep: Notify::new(),
            stories: watch::Sender::new(0),
            progress: broadcast::Sender::new(LAG),
        }
    }

    /// Something was told.
    pub fn story(&self) {
        self.stories.send_modify(|n| *n += 1);
    }

    /// Changes whenever something was told.
    pub fn stories(&self) -> watch::Receiver<u64> {
        self.stories.subscribe()
    }
}
