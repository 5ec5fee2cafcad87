//! A job that its owner deletes: it ends, lets go of every file, tells so once, and is gone.

use crate::{
    AfterCommit, Change, Policy, StoreError, apply_in, entity::job, error::Attempt, now, sweep,
    sweeps, tell,
};
use reelmill_domain::{
    event::{JobEvent, Telling},
    id::JobId,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

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
    sweeps::sweep_job(txn, id, at).await?;
    sweep::erase(txn, &row).await?;
    after.push(AfterCommit::ReapWork);
    Ok(after)
}
