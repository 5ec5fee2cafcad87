//! A job that its owner deletes: it ends, lets go of every file, tells so once, and is gone.

use crate::{
    AfterCommit, Change, Policy, StoreError, apply_in,
    entity::{job, output},
    error::Attempt,
    now,
    refs::{self, Holder},
    sweeps, tell,
};
use reelmill_domain::{
    event::{JobEvent, Telling},
    id::{JobId, OutputId},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

/// Deletes a job of an owner. Its story outlives it, with `deleted` as its last line.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such job of this owner.
pub async fn delete<C: ConnectionTrait>(
    txn: &C,
    owner: &str,
    id: JobId,
    policy: &Policy,
) -> Result<Vec<AfterCommit>, StoreError> {
    let find = || job::Entity::find_by_id(id.0).filter(job::Column::Owner.eq(owner));
    let gone = || StoreError::NotFound {
        what: "job",
        id: id.to_string(),
    };
    let there = find().one(txn).await.attempt("reading a job")?;
    there.ok_or_else(gone)?;
    // Ends it if it hasn't, and so stops its runs; a job that has ended is left as it is.
    let mut after = apply_in(txn, id, Change::Job(JobEvent::Cancel), policy).await?;
    let row = find().one(txn).await.attempt("reading a job")?;
    let row = row.ok_or_else(gone)?;
    let at = now(txn).await?;
    tell::append(txn, id, owner, row.event_seq + 1, &Telling::Deleted, at).await?;
    refs::release(txn, Holder::Job(id)).await?;
    let outputs: Vec<Uuid> = output::Entity::find()
        .select_only()
        .column(output::Column::Id)
        .filter(output::Column::JobId.eq(id.0))
        .into_tuple()
        .all(txn)
        .await
        .attempt("reading a job's outputs")?;
    for output in outputs {
        refs::release(txn, Holder::Output(OutputId(output))).await?;
    }
    sweeps::sweep_job(txn, id, at).await?;
    // Outputs, tasks and their needs go with it.
    let deleted = job::Entity::delete_many()
        .filter(job::Column::Id.eq(id.0))
        .filter(job::Column::Version.eq(row.version))
        .exec(txn)
        .await
        .attempt("deleting a job")?;
    if deleted.rows_affected == 0 {
        return Err(StoreError::Conflict {
            attempt: "deleting a job",
            what: "job",
        });
    }
    after.push(AfterCommit::ReapWork);
    Ok(after)
}
