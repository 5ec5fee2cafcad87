//! Releasing tasks: `ready → dispatched` under the lane's row, as many as live workers have room for. Publishes nothing.

mod backlog;
mod message;
mod pick;
mod room;

use crate::{
    Change, Policy, Store, StoreError, apply_in, convert::count, entity::task, error::Attempt,
    tasks,
};
use reelmill_domain::{
    event::TaskEvent,
    id::{JobId, TaskId},
    lane::Lane,
    task::TaskState,
    wire::TaskMessage,
};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

/// Times that a claim depends on, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct ClaimTimes {
    /// A task that nobody starts for so long is ready again.
    pub dispatch_ms: i64,
    /// A worker that is silent for so long isn't counted.
    pub lease_ms: i64,
}

/// Lanes in which something is to be released or taken back.
pub async fn lanes(store: &Store) -> Result<Vec<Lane>, StoreError> {
    let names: Vec<String> = task::Entity::find()
        .select_only()
        .column(task::Column::Lane)
        .distinct()
        .filter(task::Column::State.is_in(["ready", "dispatched"]))
        .into_tuple()
        .all(store.db())
        .await
        .attempt("reading lanes")?;
    Ok(names.into_iter().map(Lane).collect())
}

/// Claims what a lane has room for: free slots + 1 per live worker, less what is dispatched. Order: priority (9 first),
/// then the owner and the job with the fewest tasks released, then age. Takes back what is held back, or what waits in
/// the queue while something of higher priority is ready. Returns what is to be published now.
pub async fn claim(
    store: &Store,
    lane: &Lane,
    times: ClaimTimes,
    policy: &Policy,
) -> Result<Vec<TaskMessage>, StoreError> {
    store
        .transact_repeatable(|txn| async move {
            let txn = &*txn;
            if !room::lock(txn, lane).await? {
                return Ok(Vec::new());
            }
            take_back(txn, task::Column::Paused.eq(true), lane, u64::MAX, policy).await?;
            let mut room = room::measure(txn, lane, times.lease_ms).await?;
            if room.workers == 0 {
                return Ok(Vec::new());
            }
            let backlog = backlog::read(txn, lane).await?;
            if let Some(best) = backlog.best_priority().filter(|_| room.capacity() == 0) {
                let lower = task::Column::Priority.lt(best);
                room.dispatched -= take_back(txn, lower, lane, room.waiting(), policy).await?;
            }
            let mut messages = Vec::new();
            for (job, n) in pick::pick(&backlog, room.capacity()) {
                for task in next_tasks(txn, lane, job, n).await? {
                    messages.extend(claim_one(txn, job, task, times.dispatch_ms, policy).await?);
                }
            }
            Ok(messages)
        })
        .await
}

/// A claim of one task; `None` when its job holds it back.
async fn claim_one(
    txn: &DatabaseTransaction,
    job: JobId,
    id: TaskId,
    dispatch_ms: i64,
    policy: &Policy,
) -> Result<Option<TaskMessage>, StoreError> {
    let claimed = |_: &_, now: reelmill_domain::time::Timestamp| {
        Some(TaskEvent::Claimed {
            until: now.plus_ms(dispatch_ms),
        })
    };
    apply_in(txn, job, Change::Task(id, &claimed), policy).await?;
    let task = tasks::load(txn, id).await?.task;
    match task.state {
        TaskState::Dispatched { .. } => message::build(txn, task).await.map(Some),
        _ => Ok(None),
    }
}

/// The longest tasks of a job first: then its workers finish together.
async fn next_tasks(
    txn: &DatabaseTransaction,
    lane: &Lane,
    job: JobId,
    n: u64,
) -> Result<Vec<TaskId>, StoreError> {
    let ids: Vec<Uuid> = task::Entity::find()
        .select_only()
        .column(task::Column::Id)
        .filter(task::Column::JobId.eq(job.0))
        .filter(task::Column::State.eq("ready"))
        .filter(task::Column::Lane.eq(lane.0.as_str()))
        .order_by_desc(task::Column::CostS)
        .order_by_asc(task::Column::Id)
        .limit(n)
        .into_tuple()
        .all(txn)
        .await
        .attempt("reading ready tasks")?;
    Ok(ids.into_iter().map(TaskId).collect())
}

/// Takes back at most `limit` dispatched tasks of the lane that match, the lowest priority first.
async fn take_back(
    txn: &DatabaseTransaction,
    which: sea_orm::sea_query::Expr,
    lane: &Lane,
    limit: u64,
    policy: &Policy,
) -> Result<u64, StoreError> {
    let rows: Vec<(Uuid, Uuid, i32)> = task::Entity::find()
        .select_only()
        .columns([task::Column::Id, task::Column::JobId, task::Column::Attempt])
        .filter(task::Column::State.eq("dispatched"))
        .filter(task::Column::Lane.eq(lane.0.as_str()))
        .filter(which)
        .order_by_asc(task::Column::Priority)
        .order_by_desc(task::Column::Until)
        .limit(limit.min(1000))
        .into_tuple()
        .all(txn)
        .await
        .attempt("reading dispatched tasks")?;
    for (id, job, attempt) in &rows {
        let back = |task: &reelmill_domain::task::Task, _| {
            (task.attempt == count(*attempt)).then_some(TaskEvent::TakenBack)
        };
        apply_in(txn, JobId(*job), Change::Task(TaskId(*id), &back), policy).await?;
    }
    Ok(rows.len() as u64)
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
