//! Prefixes of the object store that are to be swept. Written with the change that makes them rubbish.

use crate::{StoreError, entity::prefix_sweep, error::Attempt};
use reelmill_domain::{id::JobId, keys, time::Timestamp};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ConnectionTrait, EntityTrait,
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
