//! The dispatcher: claims in the database, then publishes. Woken by commits and hints, and by itself once a second.

use crate::core::Core;
use futures::{StreamExt, stream};
use reelmill_broker::BrokerError;
use reelmill_domain::{lane::Lane, wire::TaskMessage};
use reelmill_runtime::{metrics, trace};
use reelmill_store::{StoreError, claim};
use std::time::Duration;
use tracing::Instrument;

/// How often it looks without being woken.
const EVERY: Duration = Duration::from_secs(1);
/// Messages on their way to the broker at once: each waits for its confirmation.
const ON_THE_WAY: usize = 64;

/// Dispatches for ever.
pub async fn run(core: &Core) {
    loop {
        match round(core).await {
            Ok(true) => {}
            // Each release that is taken back costs an attempt's number: none before the broker is back.
            Ok(false) => {
                while core.broker.check().await.is_err() {
                    tokio::time::sleep(EVERY).await;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "tasks could not be released; trying again");
                tokio::time::sleep(EVERY).await;
            }
        }
        tokio::select! {
            () = core.wakeups.dispatch.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// One look at every lane. Whether everything that was claimed could be published.
async fn round(core: &Core) -> Result<bool, StoreError> {
    let mut all = true;
    for lane in claim::lanes(&core.store).await? {
        let times = core.config.claim_times();
        let messages = claim::claim(&core.store, &lane, times, &core.policy()).await?;
        all &= publish(core, &lane, messages).await?;
    }
    Ok(all)
}

/// Publishes what was claimed; what can't be published is taken back. A message that went through all the same is stale
/// then, and its run is stopped when it starts.
async fn publish(core: &Core, lane: &Lane, messages: Vec<TaskMessage>) -> Result<bool, StoreError> {
    let ttl = core.config.claim_times().message_ttl();
    let mut on_the_way = stream::iter(messages)
        .map(|message| async move {
            let (message, span) = trace::released(message);
            let publish = core.broker.publish_task(&message, ttl);
            let outcome = publish.instrument(span.clone()).await;
            if let Err(error) = &outcome {
                trace::failed(&span, error);
            }
            (message, outcome)
        })
        .buffer_unordered(ON_THE_WAY);
    let mut failed: Option<BrokerError> = None;
    let mut back = Vec::new();
    while let Some((message, outcome)) = on_the_way.next().await {
        match outcome {
            Ok(()) => metrics::task_released(&lane.0),
            Err(error) => {
                failed = Some(error);
                back.push(message);
            }
        }
    }
    if let Some(error) = failed {
        let tasks = back.len();
        tracing::warn!(%lane, %error, tasks, "tasks could not be published and are taken back");
    }
    let all = back.is_empty();
    for message in &back {
        match claim::unpublished(&core.store, message, &core.policy()).await {
            Err(error) if !error.is_not_found() => return Err(error),
            _ => {}
        }
    }
    Ok(all)
}
