//! Uploads whose time is over. A row outlives its bytes for a while, so that a late client hears 410 and not 404.

use super::Upload;
use crate::{
    StoreError,
    entity::upload,
    error::Attempt,
    refs::{self, Holder},
    sources,
};
use reelmill_domain::{id::UploadId, time::Timestamp};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Rows forgotten at once.
const BATCH: u64 = 500;

/// Uploads that expired before `now` and still have bytes, the oldest first, without those that somebody writes to. Each
/// comes until [`mark_gone`] says that its bytes are gone, and then never again.
pub async fn expired<C: ConnectionTrait>(
    db: &C,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<Upload>, StoreError> {
    upload::Entity::find()
        .filter(upload::Column::HoldsBytes.eq(true))
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
        .col_expr(upload::Column::HoldsBytes, Expr::value(false))
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

/// Deletes the rows of uploads that expired before `before` and whose bytes are gone, at most 500. Returns how many.
pub async fn forget<C: ConnectionTrait>(txn: &C, before: Timestamp) -> Result<u64, StoreError> {
    let gone: Vec<(Uuid, Option<Uuid>)> = upload::Entity::find()
        .select_only()
        .columns([upload::Column::Id, upload::Column::SourceId])
        .filter(upload::Column::ExpiresAt.lte(before.0))
        .filter(upload::Column::ObjectKey.eq(""))
        .order_by_asc(upload::Column::ExpiresAt)
        .limit(BATCH)
        .into_tuple()
        .all(txn)
        .await
        .attempt("looking for uploads to forget")?;
    if gone.is_empty() {
        return Ok(0);
    }
    upload::Entity::delete_many()
        .filter(upload::Column::Id.is_in(gone.iter().map(|(id, _)| *id)))
        .exec(txn)
        .await
        .attempt("forgetting expired uploads")?;
    let sources: BTreeSet<Uuid> = gone.iter().filter_map(|(_, source)| *source).collect();
    for source in sources {
        sources::forget_unused(txn, source).await?;
    }
    Ok(gone.len() as u64)
}
