//! Watches the disk that runs work on. With less room than a task may need the worker takes none, rather than failing
//! one after another; with room again it goes on by itself. Kept sources go first.

use crate::worker::Worker;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Looks once, so that the first renewal is true, and then as often as the worker renews, until `ended`.
pub async fn watch(worker: Arc<Worker>, ended: CancellationToken) {
    loop {
        tokio::select! {
            () = ended.cancelled() => return,
            () = tokio::time::sleep(worker.config.renew_every) => look(&worker),
        }
    }
}

/// Looks once.
pub fn look(worker: &Worker) {
    let wanted = worker.config.min_free_scratch;
    let free = worker.cache.make_free(wanted);
    let full = !matches!(free, Ok(free) if free >= wanted);
    if worker.disk_full.send_replace(full) == full {
        return;
    }
    match (full, free) {
        (false, _) => tracing::info!("there is room in the scratch folder again; taking tasks"),
        (true, Ok(free)) => tracing::warn!(
            free,
            wanted,
            "too little room in the scratch folder (encoder.scratch, encoder.min_free_bytes); taking no tasks"
        ),
        (true, Err(error)) => {
            tracing::warn!(%error, "the scratch folder can't be used; taking no tasks");
        }
    }
    worker.news.notify_one();
}
