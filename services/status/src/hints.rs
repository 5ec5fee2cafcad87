//! Hints that webapp wrote a job: they make things faster, and nothing depends on them.

use crate::core::Core;
use std::time::Duration;

/// Before another try at the broker.
const PAUSE: Duration = Duration::from_secs(1);

/// Consumes hints for ever.
pub async fn run(core: &Core) {
    loop {
        match core.broker.consume_jobs().await {
            Ok(mut hints) => {
                while let Some(delivery) = hints.next().await {
                    core.wakeups.dispatch.notify_one();
                    core.wakeups.sweep.notify_one();
                    core.wakeups.stories.notify_one();
                    core.stop(delivery.message.stop.clone()).await;
                    if let Err(error) = delivery.ack().await {
                        tracing::debug!(%error, "a hint will come again");
                        break;
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "no hints come in; trying again"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
