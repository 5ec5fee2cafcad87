//! Ends a worker that has had nothing to do for long enough, where it is configured so: a rented machine costs money.

use crate::worker::Worker;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Looks at least this often.
const LOOK: Duration = Duration::from_millis(500);

/// Asks the worker to end once it has been idle for as long as configured; returns when `ended`.
pub async fn watch(worker: Arc<Worker>, ended: CancellationToken) {
    let Some(limit) = worker.config.exit_when_idle else {
        return ended.cancelled().await;
    };
    loop {
        let idle = worker.runs.idle_since().map(|since| since.elapsed());
        let left = match idle {
            Some(idle) if idle >= limit => {
                tracing::info!(seconds = idle.as_secs(), "nothing to do; ending");
                worker.stopping.cancel();
                return ended.cancelled().await;
            }
            Some(idle) => limit - idle,
            None => limit,
        };
        tokio::select! {
            () = ended.cancelled() => return,
            () = tokio::time::sleep(left.min(LOOK)) => {}
        }
    }
}
