//! Tells status how a run ended, again and again until the broker has it: a result must not be lost to a broker that
//! restarts. The run stays in the renewals meanwhile.

use crate::{patience::Patience, worker::Worker};
use reelmill_domain::wire::WorkerEventBody;
use std::time::Duration;

/// How long a worker that is asked to end still tries; then the lease lapses, and the task runs again elsewhere.
pub const LAST_WORDS: Duration = Duration::from_secs(10);

/// Says it until the broker has it, or the worker has to go.
pub async fn tell(worker: &Worker, body: WorkerEventBody) {
    // One id for every try: status knows a repetition by it.
    let event = worker.event(body);
    let say = async {
        let mut patience = Patience::new();
        while let Err(error) = worker.broker.publish_event(&event).await {
            tracing::warn!(%error, "an event could not be told; trying again");
            patience.wait().await;
        }
    };
    let too_late = async {
        worker.stopping.cancelled().await;
        tokio::time::sleep(LAST_WORDS).await;
    };
    tokio::select! {
        biased;
        () = say => {}
        () = too_late => tracing::error!(?event, "the broker never took this; its task will run again"),
    }
}
