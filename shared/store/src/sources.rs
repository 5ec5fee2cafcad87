//! Rows of sources: one goes with the last job and the last upload that name it.

use crate::{
    StoreError,
    entity::{job, source, upload},
    error::Attempt,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect,
};
use uuid::Uuid;

/// Deletes a source that nobody names any more: call it in the transaction that deletes who did. Whoever makes a new job
/// of it locks its row too, so that one of both sees the other.
pub(crate) async fn forget_unused<C: ConnectionTrait>(
    txn: &C,
    source: Uuid,
) -> Result<(), StoreError> {
    let there = source::Entity::find_by_id(source)
        .lock_exclusive()
        .one(txn)
        .await
        .attempt("reading a source")?;
    if there.is_none() {
        return Ok(());
    }
    let jobs = job::Entity::find()
        .filter(job::Column::SourceId.eq(source))
        .limit(1)
        .count(txn)
        .await
        .attempt("looking for jobs of a source")?;
    let uploads = upload::Entity::find()
        .filter(upload::Column::SourceId.eq(source))
        .limit(1)
        .count(txn)
        .await
        .attempt("looking for uploads of a source")?;
    if jobs + uploads > 0 {
        return Ok(());
    }
    source::Entity::delete_by_id(source)
        .exec(txn)
        .await
        .attempt("forgetting a source")
        .map(|_| ())
}
