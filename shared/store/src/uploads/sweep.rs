//! Uploads whose time is over. A row outlives its bytes for a while, so that a late client hears 410 and not 404.

use super::Upload;
use crate::{
    StoreError,
    entity::upload,
    error::Attempt,
    refs::{self, Holder},
};
use reelmill_domain::{id::UploadId, time::Timestamp};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

/// Uploads that expired before `now` and still have bytes, the oldest first, without those that somebody writes to.
pub async fn expired<C: ConnectionTrait>(
    db: &C,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<Upload>, StoreError> {
    upload::Entity::find()
        .filter(upload::Column::ExpiresAt.lte(now.0))
        .filter(upload::Column::ObjectKey.ne(""))
        .filter(
            Condition::any()
                .add(upload::Column::LockToken.is_null())
                .add(upload::Column::LockUntil.lte(now.0)),
        )
        .order_by_asc(upload::Column::ExpiresAt)
        .limit(limit)
        .all(db)
        .await
        .attempt("looking for expired uploads")?
        .into_iter()
        .map(Upload::try_from)
        .collect()
}

/// Records that the bytes are gone, and lets go of the stored file. False: the lock was lost, nothing is written.
pub async fn mark_gone<C: ConnectionTrait>(
    txn: &C,
    id: UploadId,
    token: Uuid,
) -> Result<bool, StoreError> {
    let done = upload::Entity::update_many()
        .col_expr(upload::Column::ObjectKey, Expr::value(""))
        .col_expr(upload::Column::FileId, Expr::value(None::<Uuid>))
        .filter(upload::Column::Id.eq(id.0))
        .filter(upload::Column::LockToken.eq(token))
        .exec(txn)
        .await
        .attempt("recording that an upload is gone")?;
    if done.rows_affected == 0 {
        return Ok(false);
    }
    refs::release(txn, Holder::Upload(id)).await?;
    Ok(true)
}

/// Deletes the rows of uploads that expired before `before` and whose bytes are gone.
pub async fn forget<C: ConnectionTrait>(txn: &C, before: Timestamp) -> Result<u64, StoreError> {
    upload::Entity::delete_many()
        .filter(upload::Column::ObjectKey.eq(""))
        .filter(upload::Column::ExpiresAt.lte(before.0))
        .exec(txn)
        .await
        .attempt("forgetting expired uploads")
        .map(|done| done.rows_affected)
}
