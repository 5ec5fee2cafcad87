//! Releasing a task in the very transaction that makes it, when nobody waits for what it takes: its job then begins without
//! another look at the database. Never waits for another dispatcher, and never overtakes what is ready.

use super::{
    ClaimTimes, backlog,
    message::{self, Surroundings},
    room,
};
use crate::{StoreError, now};
use reelmill_domain::{
    event::TaskEvent,
    task::{Task, TaskStep, transition},
    wire::{TaskMessage, Traceparent},
};
use sea_orm::DatabaseTransaction;

/// Claims a task that needs no other and that this transaction is about to write, for a job that is not paused. Returns it
/// as it is to be written, and the message that is to be published after the commit. No message: it waits for the
/// dispatcher like any other, because the lane is paused, full or being looked at by somebody else, or because others were
/// there before it. A message that is not published is lost until the release lapses: take the task back with
/// [`super::unpublished`].
pub async fn at_once(
    txn: &DatabaseTransaction,
    task: Task,
    trace: Option<&Traceparent>,
    times: ClaimTimes,
) -> Result<(Task, Option<TaskMessage>), StoreError> {
    let lane = &task.lane;
    if !room::try_lock(txn, lane).await? || backlog::is_something_ready(txn, lane).await? {
        return Ok((task, None));
    }
    let room = room::measure(txn, lane, times.lease_ms).await?;
    if room.workers == 0 || room.capacity() == 0 {
        return Ok((task, None));
    }
    let until = now(txn).await?.plus_ms(times.dispatch_ms);
    // A claim ends nothing, so how many failures a task may have is not asked.
    match transition(task.clone(), TaskEvent::Claimed { until }, 1) {
        TaskStep::Moved { task, .. } => {
            let message = message::build(Task::clone(&task), Surroundings::of_first(trace));
            Ok((*task, Some(message)))
        }
        TaskStep::Stale { .. } => Ok((task, None)),
    }
}
