//! The reaper: judges releases and leases once a second, but only while it may judge (see `judging`).

use crate::core::Core;
use reelmill_runtime::metrics;
use reelmill_store::{StoreError, now, reap};
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(1);

/// Reaps for ever.
pub async fn run(core: &Core) {
    loop {
        tokio::time::sleep(EVERY).await;
        if let Err(error) = round(core).await {
            core.judging.unwell();
            tracing::warn!(%error, "nothing can be judged: the database is away");
        }
    }
}

/// Takes over from a process that is known to be dead. Should the database not let it, the leases lapse by themselves.
pub async fn predecessor(core: &Core) {
    if let Err(error) = reap::predecessor(&core.store, &core.policy()).await {
        tracing::warn!(%error, "what ran before could not be taken over at once");
    }
}

async fn round(core: &Core) -> Result<(), StoreError> {
    if let Err(error) = core.broker.check().await {
        core.judging.unwell();
        tracing::warn!(%error, "nothing can be judged: the broker is away");
        return Ok(());
    }
    let well = core.judging.look(now(core.store.db()).await?);
    if well < core.config.lease {
        return Ok(());
    }
    let (lease_ms, policy) = (core.config.lease_ms(), core.policy());
    let overdue = reap::dispatches(
        &core.store,
        core.config.claim_times().dispatch_ms,
        lease_ms,
        &policy,
    )
    .await?;
    let lost = reap::leases(&core.store, lease_ms, &policy).await?;
    if !overdue.is_empty() || !lost.after.is_empty() {
        metrics::leases_lapsed(lost.runs);
        core.after(overdue).await;
        core.after(lost.after).await;
    }
    Ok(())
}
