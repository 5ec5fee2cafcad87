//! Renewals: leases of the runs a worker holds are extended in the database's clock; runs that hold nothing are named.

use crate::{
    Store, StoreError,
    convert::{int, to_json},
    entity::{task, worker},
    error::Attempt,
    now, tasks, unreadable,
    workers::{self, Admission},
};
use reelmill_domain::{
    id::{RunId, TaskId, WorkerId},
    task::{TaskState, stale_run},
    time::Timestamp,
    wire::RunRef,
    worker::WorkerInfo,
};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, sea_query::Expr};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Extends the leases of `runs` to `lease_ms` from now and notes that the worker spoke. Returns the runs to be stopped:
/// those of tasks that are gone, cancelled, overtaken, or bound to another run. A run whose `started` is still on its
/// way is noted with its release, which it keeps for a lease, and the one whose result was accepted is left in peace. A
/// worker that is heard first is taken as `admission` says.
pub async fn renew(
    store: &Store,
    info: &WorkerInfo,
    runs: &[RunRef],
    lease_ms: i64,
    admission: Admission,
) -> Result<Vec<RunId>, StoreError> {
    if runs.is_empty() && said_lately(store, info, lease_ms).await? {
        return Ok(Vec::new());
    }
    store
        .transact_repeatable(
            |txn| async move { in_txn(&txn, info, runs, lease_ms, admission).await },
        )
        .await
}

/// Whether the worker said the very same a moment ago: an idle worker costs one write in a quarter of a lease.
async fn said_lately(store: &Store, info: &WorkerInfo, lease_ms: i64) -> Result<bool, StoreError> {
    let row = worker::Entity::find_by_id(info.id.0)
        .one(store.db())
        .await
        .attempt("reading a worker")?;
    let (Some(row), now) = (row, now(store.db()).await?) else {
        return Ok(false);
    };
    Ok(row.gone_at.is_none()
        && now.0 - row.seen_at < lease_ms / 4
        && row.info_json == to_json("worker", info)?)
}

async fn in_txn(
    txn: &DatabaseTransaction,
    info: &WorkerInfo,
    runs: &[RunRef],
    lease_ms: i64,
    admission: Admission,
) -> Result<Vec<RunId>, StoreError> {
    let now = now(txn).await?;
    workers::heard(txn, info, now, admission).await?;
    let rows = task::Entity::find()
        .filter(task::Column::Id.is_in(runs.iter().map(|r| r.task.0)))
        .all(txn)
        .await
        .attempt("reading the tasks of runs")?;
    let (mut held, mut stop) = (BTreeMap::new(), Vec::new());
    for run in runs {
        let Some(row) = rows.iter().find(|row| TaskId(row.id) == run.task) else {
            stop.push(run.run);
            continue;
        };
        // What can't be read here is a newer version's business: it neither lapses by this nor is it stopped.
        let bound = row.state == "running" && row.run_id == Some(run.run.0);
        let task = match unreadable::skip(tasks::from_row(row.clone()))? {
            Some(loaded) => loaded.task,
            None if bound => {
                held.insert(run.task.0, run.run.0);
                continue;
            }
            None => continue,
        };
        match task.state {
            TaskState::Running { run: bound, .. } if bound == run.run => {
                held.insert(run.task.0, run.run.0);
            }
            TaskState::Dispatched { .. } if task.attempt == run.attempt => {
                expected(txn, run, info.id, now.plus_ms(lease_ms)).await?;
            }
            _ => stop.extend(stale_run(&task, run.run)),
        }
    }
    extend(txn, held, now.plus_ms(lease_ms)).await?;
    Ok(stop)
}

/// Notes who holds a run whose `started` is on its way, and until when unless he says so again. From then on that is the
/// release's deadline: nobody takes it back before, however late `started` comes, and everybody does after.
async fn expected(
    txn: &DatabaseTransaction,
    run: &RunRef,
    worker: WorkerId,
    until: Timestamp,
) -> Result<(), StoreError> {
    task::Entity::update_many()
        .col_expr(task::Column::WorkerId, Expr::value(worker.0))
        .col_expr(task::Column::Until, Expr::value(until.0))
        .filter(task::Column::Id.eq(run.task.0))
        .filter(task::Column::Attempt.eq(int(run.attempt)))
        .filter(task::Column::State.eq("dispatched"))
        .exec(txn)
        .await
        .attempt("noting who holds a release")
        .map(|_| ())
}

/// Extends all leases in one statement; those that changed hands since they were read stay as they are.
async fn extend(
    txn: &DatabaseTransaction,
    held: BTreeMap<Uuid, Uuid>,
    until: Timestamp,
) -> Result<(), StoreError> {
    if held.is_empty() {
        return Ok(());
    }
    task::Entity::update_many()
        .col_expr(task::Column::Until, Expr::value(until.0))
        .filter(task::Column::Id.is_in(held.keys().copied()))
        .filter(task::Column::RunId.is_in(held.values().copied()))
        .filter(task::Column::State.eq("running"))
        .exec(txn)
        .await
        .attempt("extending leases")
        .map(|_| ())
}
