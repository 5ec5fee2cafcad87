//! Releasing tasks: `ready → dispatched` under the lane's row, as many as live workers have room for. Publishes nothing.

mod at_once;
mod backlog;
mod choose;
mod message;
mod pick;
mod room;
mod times;

use crate::{
    AfterCommit, Change, Policy, Store, StoreError, apply_in, convert::count, entity::task,
    error::Attempt, jobs, now, tasks, unreadable,
};
pub use at_once::at_once;
use backlog::{Busy, Level};
use choose::choose;
use reelmill_domain::{
    event::TaskEvent,
    id::{JobId, TaskId},
    lane::Lane,
    task::TaskState,
    time::Timestamp,
    wire::TaskMessage,
};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::BTreeSet;
pub use times::ClaimTimes;
use uuid::Uuid;

/// How often one claim looks again because of rows that can't be read; the next claim goes on from there.
const LOOKS: u32 = 20;

/// Lanes in which something is to be released or taken back.
pub async fn lanes(store: &Store) -> Result<Vec<Lane>, StoreError> {
    let mut lanes = BTreeSet::new();
    for state in ["ready", "dispatched"] {
        let mut last: Option<String> = None;
        // One look into the index for each: `DISTINCT` reads all of it.
        loop {
            let mut next = task::Entity::find()
                .select_only()
                .column_as(task::Column::Lane.min(), "next")
                .filter(task::Column::State.eq(state));
            if let Some(last) = &last {
                next = next.filter(task::Column::Lane.gt(last.as_str()));
            }
            let next: Option<Option<String>> = next
                .into_tuple()
                .one(store.db())
                .await
                .attempt("reading lanes")?;
            let Some(lane) = next.flatten() else { break };
            lanes.insert(Lane(lane.clone()));
            last = Some(lane);
        }
    }
    Ok(lanes.into_iter().collect())
}

/// Claims what a lane has room for: free slots + 1 per live worker, less what is dispatched. Order: priority (9 first),
/// then the owner and the job with the fewest tasks released, then age. Takes back what is held back, or what waits in
/// the queue while something of higher priority is ready; never what a worker renews whose `started` is late. Returns what is to be published now; if that gets lost with the
/// answer to the commit, it is ready again once it is overdue. Jobs of which a row can't be read wait for a version that can.
/// Nothing, soon, when another process stands still with the lane.
pub async fn claim(
    store: &Store,
    lane: &Lane,
    times: ClaimTimes,
    policy: &Policy,
) -> Result<Vec<TaskMessage>, StoreError> {
    store
        .transact_repeatable(|txn| async move { in_txn(&txn, lane, times, policy).await })
        .await
}

async fn in_txn(
    txn: &DatabaseTransaction,
    lane: &Lane,
    times: ClaimTimes,
    policy: &Policy,
) -> Result<Vec<TaskMessage>, StoreError> {
    if !room::lock(txn, lane).await? {
        return Ok(Vec::new());
    }
    take_back(txn, task::Column::Paused.eq(true), lane, u64::MAX, policy).await?;
    let mut room = room::measure(txn, lane, times.lease_ms).await?;
    if room.workers == 0 {
        return Ok(Vec::new());
    }
    let priorities = backlog::priorities(txn, lane).await?;
    if let Some(best) = priorities.first().filter(|_| room.capacity() == 0) {
        let lower = task::Column::Priority.lt(*best);
        room.dispatched -= take_back(txn, lower, lane, room.waiting(), policy).await?;
    }
    let mut busy = Busy::read(txn, lane).await?;
    let mut messages = Vec::new();
    let (mut left, mut looks) = (room.capacity(), 0);
    for priority in priorities {
        while left > 0 && looks < LOOKS {
            looks += 1;
            let skip = unreadable::remembered();
            let level = Level {
                lane,
                priority,
                capacity: left,
                busy: &busy,
                skip: &skip,
            };
            let level = level.read(txn).await?;
            let chosen = choose(txn, lane, level.clone(), &busy, left).await?;
            jobs::lock_all(txn, chosen.iter().map(|(job, _)| *job)).await?;
            let mut unread = false;
            for (job, tasks) in chosen {
                match claim_all(txn, job, &tasks, times.dispatch_ms, policy).await? {
                    Some(claimed) => {
                        let n = claimed.len() as u64;
                        left -= n;
                        let owner = level.iter().find(|w| w.job == job);
                        busy.add(job, owner.map_or("", |w| &w.owner), n);
                        messages.extend(claimed);
                    }
                    None => unread = true,
                }
            }
            if !unread {
                break;
            }
        }
    }
    Ok(messages)
}

/// Claims tasks of a job, without those that it holds back; `None`, and nothing is claimed, when a row of it can't be read.
async fn claim_all(
    txn: &DatabaseTransaction,
    job: JobId,
    tasks: &[TaskId],
    dispatch_ms: i64,
    policy: &Policy,
) -> Result<Option<Vec<TaskMessage>>, StoreError> {
    let mut claimed = Vec::with_capacity(tasks.len());
    for task in tasks {
        match claim_one(txn, job, *task, dispatch_ms, policy).await {
            Ok(message) => claimed.extend(message),
            Err(error) if error.is_unreadable() => {
                unreadable::tell(&error);
                unreadable::remember(job);
                return Ok(Some(claimed).filter(|claimed| !claimed.is_empty()));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Some(claimed))
}

/// A claim of one task; `None` when its job holds it back.
async fn claim_one(
    txn: &DatabaseTransaction,
    job: JobId,
    id: TaskId,
    dispatch_ms: i64,
    policy: &Policy,
) -> Result<Option<TaskMessage>, StoreError> {
    let surroundings = message::read(txn, job, id).await?;
    let claimed = |_: &_, now: Timestamp| {
        Some(TaskEvent::Claimed {
            until: now.plus_ms(dispatch_ms),
        })
    };
    apply_in(txn, job, Change::Task(id, &claimed), policy).await?;
    let task = tasks::load(txn, id).await?.task;
    Ok(match task.state {
        TaskState::Dispatched { .. } => Some(message::build(task, surroundings)),
        _ => None,
    })
}

/// Takes back at most `limit` dispatched tasks of the lane that match, the lowest priority first. Those that a worker holds
/// already run: that frees no slot, and doubles the work.
async fn take_back(
    txn: &DatabaseTransaction,
    which: sea_orm::sea_query::Expr,
    lane: &Lane,
    limit: u64,
    policy: &Policy,
) -> Result<u64, StoreError> {
    let free = Condition::any()
        .add(task::Column::WorkerId.is_null())
        .add(task::Column::Until.lte(now(txn).await?.0));
    let rows: Vec<(Uuid, Uuid, i32, Option<i64>)> = task::Entity::find()
        .select_only()
        .columns([
            task::Column::Id,
            task::Column::JobId,
            task::Column::Attempt,
            task::Column::Until,
        ])
        .filter(task::Column::State.eq("dispatched"))
        .filter(task::Column::Lane.eq(lane.0.as_str()))
        .filter(which)
        .filter(free)
        .order_by_asc(task::Column::Priority)
        .order_by_desc(task::Column::Until)
        .limit(limit.min(1000))
        .into_tuple()
        .all(txn)
        .await
        .attempt("reading dispatched tasks")?;
    jobs::lock_all(txn, rows.iter().map(|(_, job, ..)| JobId(*job))).await?;
    let mut taken = 0;
    for (id, job, attempt, until) in &rows {
        // A renewal in between gives it another deadline.
        let same = until.map(|at| TaskState::Dispatched {
            until: Timestamp(at),
        });
        let back = |task: &reelmill_domain::task::Task, _| {
            let unchanged = task.attempt == count(*attempt) && Some(&task.state) == same.as_ref();
            unchanged.then_some(TaskEvent::TakenBack)
        };
        let change = Change::Task(TaskId(*id), &back);
        let applied = apply_in(txn, JobId(*job), change, policy).await;
        let after = unreadable::skip(applied)?.unwrap_or_default();
        taken += u64::from(after.contains(&AfterCommit::WakeDispatcher));
    }
    Ok(taken)
}

/// Takes back a task that could not be published. Nothing happens when it has moved on.
pub async fn unpublished(
    store: &Store,
    message: &TaskMessage,
    policy: &Policy,
) -> Result<(), StoreError> {
    let back = |task: &reelmill_domain::task::Task, _| {
        (task.attempt == message.attempt).then_some(TaskEvent::TakenBack)
    };
    crate::apply(
        store,
        message.job,
        Change::Task(message.task, &back),
        policy,
    )
    .await
    .map(|_| ())
}
