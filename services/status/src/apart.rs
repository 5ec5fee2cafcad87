//! Shows how many messages the broker keeps apart because nobody could read them: somebody should look at them.

use crate::core::Core;
use reelmill_runtime::metrics;
use std::time::Duration;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(5);

/// Looks for ever.
pub async fn run(core: &Core) {
    loop {
        match core.broker.unreadable().await {
            Ok(messages) => metrics::unreadable_messages(messages),
            Err(error) => {
                tracing::debug!(%error, "what can't be read could not be counted");
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}
