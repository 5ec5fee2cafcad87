//! Whether the object store lets this worker in. A store that refuses it (no such bucket, a wrong key, a missing right)
//! refuses every task: then it takes none, and gives back those it has, rather than fail one after another. It looks
//! again by itself, and goes on once somebody has mended the settings. A store that is only away is waited for.

use crate::worker::Worker;
use reelmill_objects::ObjectError;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Renewals between two looks at a store that refuses.
const LOOK_EVERY: u32 = 5;

/// Looks once at the start, and for as long as the store refuses, until `ended`.
pub async fn watch(worker: Arc<Worker>, ended: CancellationToken) {
    let mut refused = worker.refused.subscribe();
    let watch = async {
        loop {
            look(&worker).await;
            tokio::time::sleep(worker.config.renew_every * LOOK_EVERY).await;
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
        Ok(()) => false,
        Err(error @ ObjectError::Misconfigured { .. }) => {
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
