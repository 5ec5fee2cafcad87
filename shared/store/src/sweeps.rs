//! Prefixes of the object store that are to be swept. Written with the change that makes them rubbish.

use crate::{
    StoreError,
    entity::{job, prefix_sweep},
    error::Attempt,
    now,
};
use reelmill_domain::{id::JobId, keys, time::Timestamp};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ConnectionTrait, EntityTrait, QuerySelect,
};

/// A job's prefixes are swept at its end, and once more when no stopped run can still be writing there.
const TIMES: i32 = 2;

/// Has everything of a job swept that is not a stored file: call it in the transaction that ends or deletes the job.
pub async fn sweep_job<C: ConnectionTrait>(
    txn: &C,
    job: JobId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let rows = [keys::work_prefix(job), keys::output_prefix(job)].map(|prefix| {
        prefix_sweep::ActiveModel {
            id: NotSet,
            prefix: Set(prefix),
            due_at: Set(now.0),
            left: Set(TIMES),
        }
    });
    prefix_sweep::Entity::insert_many(rows)
        .exec_without_returning(txn)
        .await
        .attempt("noting what to sweep")
        .map(|_| ())
}

/// Has swept what a run made in vain and told so late that the sweeps of its job may be over. False, and nothing is done,
/// while the job goes on: its end sees to it, and what another run has just stored may be about to be accepted.
pub async fn sweep_late<C: ConnectionTrait>(db: &C, job: JobId) -> Result<bool, StoreError> {
    let finished_at: Option<Option<i64>> = job::Entity::find_by_id(job.0)
        .select_only()
        .column(job::Column::FinishedAt)
        .into_tuple()
        .one(db)
        .await
        .attempt("reading whether a job has ended")?;
    if finished_at == Some(None) {
        return Ok(false);
    }
    sweep_job(db, job, now(db).await?).await?;
    Ok(true)
}
