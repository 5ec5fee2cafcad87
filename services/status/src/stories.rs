//! Wakes the streams for what others told: webapp in another process, other replicas of status.

use crate::core::Core;
use reelmill_store::events;
use std::time::Duration;

const EVERY: Duration = Duration::from_millis(500);

/// Looks for ever.
pub async fn watch(core: &Core) {
    let mut last = 0;
    loop {
        match events::last(core.store.db()).await {
            Ok(id) if id != last => {
                last = id;
                core.wakeups.story();
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "the stories can't be read"),
        }
        tokio::time::sleep(EVERY).await;
    }
}
