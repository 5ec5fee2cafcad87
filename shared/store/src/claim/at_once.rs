//! Releasing a task in the very transaction that makes it, when nobody waits for what it takes: its job then begins without
//! another look at the database. Never waits for another dispatcher, and never overtakes what is ready.

use super::{ClaimTimes, backlog, claim_one, room};
use crate::{Policy, StoreError};
use reelmill_domain::{task::Task, wire::TaskMessage};
use sea_orm::DatabaseTransaction;

/// Claims a task that this transaction has written as ready, and returns the message to be published after its commit.
/// `None`: it waits for the dispatcher like any other, because the lane is paused, full or being looked at by somebody
/// else, or because others were there before it. A message that is not published is lost until the release lapses: take
/// the task back with [`super::unpublished`].
pub async fn at_once(
    txn: &DatabaseTransaction,
    task: &Task,
    times: ClaimTimes,
    policy: &Policy,
) -> Result<Option<TaskMessage>, StoreError> {
    let lane = &task.lane;
    if !room::try_lock(txn, lane).await? || backlog::others(txn, lane, task.id).await? {
        return Ok(None);
    }
    let room = room::measure(txn, lane, times.lease_ms).await?;
    if room.workers == 0 || room.capacity() == 0 {
        return Ok(None);
    }
    claim_one(txn, task.job, task.id, times.dispatch_ms, policy).await
}
