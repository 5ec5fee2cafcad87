//! Measures how late events are taken in: sends marks through their queue, which any replica may get. A mark tells the
//! database's time at which it was sent, so that clocks of machines don't matter.

use crate::core::Core;
use reelmill_domain::{
    id::{EventId, WorkerId},
    wire::{SCHEMA, WorkerEvent, WorkerEventBody},
};
use reelmill_store::now;
use std::{error::Error, time::Duration};
use uuid::Uuid;

/// Between two marks, at least.
const PAUSE_MS: u64 = 300;
/// And up to so much more, by chance: replicas take turns with the queue, and marks in step with them would all go to one.
const JITTER_MS: u128 = 400;

/// Sends marks for ever.
pub async fn run(core: &Core) {
    let me = WorkerId(Uuid::now_v7());
    loop {
        if let Err(error) = send(core, me).await {
            core.judging.unwell();
            tracing::debug!(%error, "how late events are can't be measured");
        }
        // The last bits of such an id are by chance.
        let chance = u64::try_from(Uuid::now_v7().as_u128() % JITTER_MS).unwrap_or(0);
        tokio::time::sleep(Duration::from_millis(PAUSE_MS + chance)).await;
    }
}

async fn send(core: &Core, me: WorkerId) -> Result<(), Box<dyn Error + Send + Sync>> {
    let at = now(core.store.db()).await?;
    let mark = WorkerEvent {
        schema: SCHEMA,
        id: EventId(Uuid::now_v7()),
        worker: me,
        body: WorkerEventBody::Mark { at },
        trace: None,
    };
    core.broker.publish_event(&mark).await?;
    Ok(())
}
