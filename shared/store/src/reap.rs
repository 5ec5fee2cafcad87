//! What is overdue: releases nobody started, leases nobody renewed. The caller judges only when it can trust its ears.

use crate::{
    AfterCommit, Change, Policy, Store, StoreError, apply, entity::task, error::Attempt, now,
    workers,
};
use reelmill_domain::{
    event::TaskEvent,
    id::{JobId, TaskId, WorkerId},
    task::{Task, TaskState},
    time::Timestamp,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A release waits so long beside a free slot before it counts as lost with its broker.
const PATIENCE_MS: i64 = 5_000;

/// A row, as far as judging needs it.
type Row = (Uuid, Uuid, String, Option<Uuid>, Option<Uuid>, Option<i64>);

/// Releases that nobody started by their deadline are ready again, and so are those whose lane has lost its last worker
/// or, for five seconds, had a free slot: then the broker has lost the message. One that a worker holds, whose `started` is
/// late, has the deadline of its last renewal (see [`crate::renew`]) and no other. Counts no failure.
pub async fn dispatches(
    store: &Store,
    dispatch_ms: i64,
    lease_ms: i64,
    policy: &Policy,
) -> Result<Vec<AfterCommit>, StoreError> {
    let now = now(store.db()).await?;
    let mut slots: BTreeMap<String, u32> = BTreeMap::new();
    for worker in workers::live(store.db(), lease_ms).await? {
        for lane in worker.info.lanes.into_iter().filter(|l| l.slots > 0) {
            *slots.entry(lane.lane.0).or_default() += u32::from(lane.free);
        }
    }
    let rows = read(store, "dispatched").await?;
    let mut after = Vec::new();
    for (id, job, lane, _, holder, until) in rows {
        let until = until.unwrap_or(0);
        let in_vain = match slots.get(&lane) {
            _ if holder.is_some() => false,
            None => true,
            Some(free) => *free > 0 && now.0 - (until - dispatch_ms) >= PATIENCE_MS,
        };
        if until > now.0 && !in_vain {
            continue;
        }
        let back = |task: &Task, now: Timestamp| match task.state {
            TaskState::Dispatched { until: u } if u <= now => Some(TaskEvent::DispatchExpired {
                attempt: task.attempt,
            }),
            TaskState::Dispatched { until: u } if u.0 == until => Some(TaskEvent::TakenBack),
            _ => None,
        };
        after.extend(judge(store, job, id, &back, policy).await?);
    }
    Ok(after)
}

/// Whether a worker holds a release of this task whose `started` is on its way: then its message is not lost.
pub async fn is_held<C: ConnectionTrait>(db: &C, id: TaskId) -> Result<bool, StoreError> {
    let now = now(db).await?;
    let held = task::Entity::find()
        .filter(task::Column::Id.eq(id.0))
        .filter(task::Column::State.eq("dispatched"))
        .filter(task::Column::WorkerId.is_not_null())
        .filter(task::Column::Until.gt(now.0))
        .count(db)
        .await
        .attempt("looking for who holds a release")?;
    Ok(held > 0)
}

/// Runs that were lost.
#[derive(Debug, Default)]
pub struct Lapsed {
    /// How many.
    pub runs: u64,
    /// What is left to be done.
    pub after: Vec<AfterCommit>,
}

/// Runs whose lease lapsed are lost. The runs of a silent worker are judged together, once all of their leases have
/// lapsed: only then is it known whether one was alone. A living worker that forgot a run lost it, but not alone.
pub async fn leases(store: &Store, lease_ms: i64, policy: &Policy) -> Result<Lapsed, StoreError> {
    let now = now(store.db()).await?;
    let mut by_worker: BTreeMap<Uuid, Vec<Row>> = BTreeMap::new();
    for row in read(store, "running").await? {
        by_worker
            .entry(row.4.unwrap_or_default())
            .or_default()
            .push(row);
    }
    let mut lapsed_runs = Lapsed::default();
    for (worker, rows) in by_worker {
        let lapsed = |row: &Row| row.5.unwrap_or(0) <= now.0;
        if !rows.iter().any(lapsed) {
            continue;
        }
        let known = workers::find(store.db(), WorkerId(worker)).await?;
        let alive =
            known.is_some_and(|w| w.gone_at.is_none() && now.since_ms(w.seen_at) < lease_ms);
        if !alive && !rows.iter().all(lapsed) {
            continue;
        }
        let alone = !alive && rows.len() == 1;
        for (id, job, ..) in rows.iter().filter(|row| lapsed(row)) {
            let lost = |task: &Task, now: Timestamp| match task.state {
                TaskState::Running {
                    run, lease_until, ..
                } if lease_until <= now => Some(TaskEvent::LeaseLapsed { run, alone }),
                _ => None,
            };
            let done = judge(store, *job, *id, &lost, policy).await?;
            // One that was renewed, or ended, in the meantime leaves nothing to be done.
            lapsed_runs.runs += u64::from(!done.is_empty());
            lapsed_runs.after.extend(done);
        }
    }
    Ok(lapsed_runs)
}

/// Everything that was released or ran is a dead predecessor's: for the start of a process that shares database and
/// broker with nobody, before anything is released. It counts neither as failures nor as losses: a process that holds
/// all three services dies of power cuts, updates and kills, which say nothing of the tasks that it ran, and a job must
/// outlive any number of them.
pub async fn predecessor(store: &Store, policy: &Policy) -> Result<(), StoreError> {
    for (id, job, ..) in read(store, "dispatched").await? {
        let back = |_: &Task, _| Some(TaskEvent::TakenBack);
        judge(store, job, id, &back, policy).await?;
    }
    for (id, job, ..) in read(store, "running").await? {
        let released = |task: &Task, _| match task.state {
            TaskState::Running { run, .. } => Some(TaskEvent::Released {
                attempt: task.attempt,
                run,
            }),
            _ => None,
        };
        judge(store, job, id, &released, policy).await?;
    }
    Ok(())
}

/// Ordered by what is due first; as many as there are slots, and a few more.
async fn read(store: &Store, state: &str) -> Result<Vec<Row>, StoreError> {
    task::Entity::find()
        .select_only()
        .columns([
            task::Column::Id,
            task::Column::JobId,
            task::Column::Lane,
            task::Column::RunId,
            task::Column::WorkerId,
            task::Column::Until,
        ])
        .filter(task::Column::State.eq(state))
        .order_by_asc(task::Column::Until)
        .into_tuple()
        .all(store.db())
        .await
        .attempt("looking for what is overdue")
}

/// A job that was deleted meanwhile has nothing left to judge; one that can't be read must not keep the others from it.
async fn judge(
    store: &Store,
    job: Uuid,
    task: Uuid,
    make: crate::MakeTaskEvent<'_>,
    policy: &Policy,
) -> Result<Vec<AfterCommit>, StoreError> {
    match apply(store, JobId(job), Change::Task(TaskId(task), make), policy).await {
        Err(e) if e.is_not_found() => Ok(Vec::new()),
        Err(error @ StoreError::Unreadable { .. }) => {
            tracing::error!(%error, "an overdue task can't be judged and stays as it is");
            Ok(Vec::new())
        }
        outcome => outcome,
    }
}
