//! Whether the object store lets this worker in. A store that refuses it (no such bucket, a wrong key, a missing right)
//! refuses every task: then it takes none, and gives back those it has, rather than fail one after another. It looks
//! again by itself, and goes on once somebody has mended the settings. A store that is only away is waited for.

use crate::{
    doubts::{Meaning, Way},
    worker::Worker,
};
use reelmill_domain::id::TaskId;
use reelmill_objects::ObjectError;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Renewals between two looks at a store that refuses.
pub const LOOK_EVERY: u32 = 5;

/// Looks once at the start, and for as long as the store refuses, until `ended`.
pub async fn watch(worker: Arc<Worker>, ended: CancellationToken) {
    let mut refused = worker.refused.subscribe();
    let watch = async {
        loop {
            look(&worker).await;
            let look_again = worker.config.renew_every * LOOK_EVERY;
            tokio::time::sleep(look_again.max(worker.doubts.pause())).await;
            // The sender lives in `worker`.
            let _ = refused.wait_for(|refused| *refused).await;
        }
    };
    tokio::select! {
        () = ended.cancelled() => {}
        () = watch => {}
    }
}

/// Looks once. True: the store refuses this worker, whatever it is asked for.
pub async fn look(worker: &Worker) -> bool {
    let before = *worker.refused.borrow();
    let refused = match worker.objects.check().await {
        // It may still lack a right that the look doesn't need.
        Ok(()) => !worker.doubts.pause().is_zero(),
        // Some say with a bare 404 that the bucket is gone.
        Err(error @ (ObjectError::Misconfigured { .. } | ObjectError::NotFound { .. })) => {
            if !before {
                tracing::error!(%error, "the object store refuses this worker; taking no tasks");
            }
            true
        }
        // Away or full: that says nothing about being let in.
        Err(_) => before,
    };
    if worker.refused.send_replace(refused) != refused {
        if !refused {
            tracing::info!("the object store lets this worker in again; taking tasks");
        }
        worker.news.notify_one();
    }
    refused
}

/// A task was refused something, though the look found nothing wrong. True: that is not the task's fault, and it goes
/// back unharmed.
pub fn is_to_blame(worker: &Worker, way: Way, key: &str, task: TaskId) -> bool {
    let meaning = worker.doubts.refused(way, key, task);
    if meaning != Meaning::Task && !worker.refused.send_replace(true) {
        tracing::error!(
            seconds = worker.doubts.pause().as_secs(),
            "the object store refuses this worker one task after another, though it lets it in; its key may lack a right, \
             such as to read sources/ or write outputs/; taking no tasks for a while"
        );
        worker.news.notify_one();
    }
    meaning == Meaning::Worker
}
