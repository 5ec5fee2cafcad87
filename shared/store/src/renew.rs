//! Renewals: leases of the runs a worker holds are extended in the database's clock; runs that hold nothing are named.

use crate::{
    Store, StoreError,
    convert::to_json,
    entity::{task, worker},
    error::Attempt,
    now, tasks, workers,
};
use reelmill_domain::{
    id::{RunId, TaskId},
    task::{TaskState, stale_run},
    wire::RunRef,
    worker::WorkerInfo,
};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, sea_query::Expr};

/// Extends the leases of `runs` to `lease_ms` from now and notes that the worker spoke. Returns the runs to be stopped:
/// those of tasks that are gone, cancelled, overtaken, or bound to another run. A run whose `started` is still on its
/// way, and the one whose result was accepted, are left in peace.
pub async fn renew(
    store: &Store,
    info: &WorkerInfo,
    runs: &[RunRef],
    lease_ms: i64,
) -> Result<Vec<RunId>, StoreError> {
    if runs.is_empty() && said_lately(store, info, lease_ms).await? {
        return Ok(Vec::new());
    }
    store
        .transact_repeatable(|txn| async move { in_txn(&txn, info, runs, lease_ms).await })
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
) -> Result<Vec<RunId>, StoreError> {
    let now = now(txn).await?;
    workers::heard(txn, info, now).await?;
    let rows = task::Entity::find()
        .filter(task::Column::Id.is_in(runs.iter().map(|r| r.task.0)))
        .all(txn)
        .await
        .attempt("reading the tasks of runs")?;
    let mut stop = Vec::new();
    for run in runs {
        let row = rows.iter().find(|row| TaskId(row.id) == run.task);
        let Some(task) = row
            .cloned()
            .map(tasks::from_row)
            .transpose()?
            .map(|l| l.task)
        else {
            stop.push(run.run);
            continue;
        };
        match task.state {
            TaskState::Running { run: bound, .. } if bound == run.run => {
                task::Entity::update_many()
                    .col_expr(task::Column::Until, Expr::value(now.plus_ms(lease_ms).0))
                    .filter(task::Column::Id.eq(run.task.0))
                    .filter(task::Column::RunId.eq(run.run.0))
                    .filter(task::Column::State.eq("running"))
                    .exec(txn)
                    .await
                    .attempt("extending a lease")?;
            }
            TaskState::Dispatched { .. } if task.attempt == run.attempt => {}
            _ => stop.extend(stale_run(&task, run.run)),
        }
    }
    Ok(stop)
}
