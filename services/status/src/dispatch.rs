//! The dispatcher: claims in the database, then publishes. Woken by commits and hints, and by itself once a second.

use crate::core::Core;
use reelmill_broker::BrokerError;
use reelmill_domain::{lane::Lane, wire::TaskMessage};
use reelmill_store::{
    StoreError,
    claim::{self, ClaimTimes},
};
use std::time::Duration;

/// How often it looks without being woken.
const EVERY: Duration = Duration::from_secs(1);

/// Dispatches for ever.
pub async fn run(core: &Core) {
    loop {
        if let Err(error) = round(core).await {
            tracing::warn!(%error, "tasks could not be released; trying again");
            tokio::time::sleep(EVERY).await;
        }
        tokio::select! {
            () = core.wakeups.dispatch.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// One look at every lane.
pub async fn round(core: &Core) -> Result<(), StoreError> {
    for lane in claim::lanes(&core.store).await? {
        let times = ClaimTimes {
            dispatch_ms: core.config.dispatch_ms(),
            lease_ms: core.config.lease_ms(),
        };
        let messages = claim::claim(&core.store, &lane, times, &core.policy()).await?;
        publish(core, &lane, messages).await?;
    }
    Ok(())
}

/// Publishes what was claimed; what can't be published is taken back. A message that went through all the same is stale
/// then, and its run is stopped when it starts.
async fn publish(core: &Core, lane: &Lane, messages: Vec<TaskMessage>) -> Result<(), StoreError> {
    // The message must be dead before its release lapses.
    let ttl = core.config.dispatch_ttl.mul_f64(0.9);
    let mut failed: Option<BrokerError> = None;
    for message in messages {
        if failed.is_none() {
            failed = core.broker.publish_task(&message, ttl).await.err();
            if failed.is_none() {
                continue;
            }
        }
        match claim::unpublished(&core.store, &message, &core.policy()).await {
            Err(error) if !error.is_not_found() => return Err(error),
            _ => {}
        }
    }
    if let Some(error) = failed {
        tracing::warn!(%lane, %error, "tasks were taken back");
    }
    Ok(())
}
