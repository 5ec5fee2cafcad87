//! Orders to drain: repeated with every renewal until the worker obeys, and taken back when it is enabled again.

use crate::core::Core;
use reelmill_domain::{api::WorkerState, worker::WorkerInfo};
use reelmill_store::{StoreError, workers};

/// Reminds a worker that does other than its operator wants. One that drains because it is being stopped is left alone.
pub async fn remind(core: &Core, info: &WorkerInfo) -> Result<(), StoreError> {
    let db = core.store.db();
    let Some(worker) = workers::find(db, info.id).await? else {
        return Ok(());
    };
    let drain = matches!(worker.wanted, WorkerState::Draining | WorkerState::Disabled);
    match (drain, worker.drain_ordered, info.draining) {
        (true, false, _) => {
            workers::drain_ordered(db, info.id, true).await?;
            core.drain(info.id, true).await;
        }
        (true, true, false) => core.drain(info.id, true).await,
        (false, true, true) => core.drain(info.id, false).await,
        (false, true, false) => {
            workers::drain_ordered(db, info.id, false).await?;
        }
        _ => {}
    }
    Ok(())
}
