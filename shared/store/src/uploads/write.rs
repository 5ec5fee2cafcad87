//! Changes of an upload. All but `insert` and `use_as_source` are the lock holder's: they count only while his token is in the row.

use super::Upload;
use crate::{
    StoreError,
    entity::{source, upload},
    error::Attempt,
    now,
    refs::{self, Holder},
    sources,
};
use reelmill_domain::{
    id::{FileId, SourceId, UploadId},
    time::Timestamp,
    wire::Traceparent,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

/// An upload that begins.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// Its id.
    pub id: UploadId,
    /// Whose it is.
    pub owner: String,
    /// The name its owner gave, cleaned.
    pub name: String,
    /// `Upload-Metadata` as it came.
    pub metadata: String,
    /// The whole size, if the sender has said it.
    pub length: Option<u64>,
    /// Where the whole will lie.
    pub object_key: String,
    /// What the sink said when it began.
    pub sink: serde_json::Value,
    /// Gone after so many milliseconds without a new byte.
    pub expires_in_ms: i64,
    /// Locked from the start by this token, for so many milliseconds.
    pub lock: Option<(Uuid, i64)>,
}

/// Writes a new upload.
pub async fn insert<C: ConnectionTrait>(txn: &C, new: NewUpload) -> Result<Upload, StoreError> {
    let at = now(txn).await?;
    let row = upload::Model {
        id: new.id.0,
        owner: new.owner,
        name: new.name,
        metadata: new.metadata,
        length: new.length.map(u64::cast_signed),
        offset: 0,
        object_key: new.object_key,
        file_id: None,
        sink_json: new.sink.to_string(),
        lock_token: new.lock.map(|(token, _)| token),
        lock_until: new.lock.map(|(_, ttl)| at.plus_ms(ttl).0),
        lock_break: false,
        complete: false,
        source_id: None,
        expires_at: Some(at.plus_ms(new.expires_in_ms).0),
        created_at: at.0,
        trace: None,
        holds_bytes: true,
    };
    upload::Entity::insert(upload::ActiveModel::from(row.clone()))
        .exec_without_returning(txn)
        .await
        .attempt("writing an upload")?;
    row.try_into()
}

/// Records what is durable now, and pushes the expiry back: returns the new one. `None`: the lock was lost, nothing is written.
pub async fn advance<C: ConnectionTrait>(
    txn: &C,
    upload: &Upload,
    token: Uuid,
    expires_in_ms: i64,
) -> Result<Option<Timestamp>, StoreError> {
    let expires_at = now(txn).await?.plus_ms(expires_in_ms);
    upload::Entity::update_many()
        .col_expr(
            upload::Column::Offset,
            Expr::value(upload.offset.cast_signed()),
        )
        .col_expr(
            upload::Column::Length,
            Expr::value(upload.length.map(u64::cast_signed)),
        )
        .col_expr(
            upload::Column::SinkJson,
            Expr::value(upload.sink.to_string()),
        )
        .col_expr(upload::Column::ExpiresAt, Expr::value(expires_at.0))
        .filter(upload::Column::Id.eq(upload.id.0))
        .filter(upload::Column::LockToken.eq(token))
        .exec(txn)
        .await
        .attempt("advancing an upload")
        .map(|done| (done.rows_affected == 1).then_some(expires_at))
}

/// Records that the whole lies in the store as `file`, held by the upload. False: the lock was lost, nothing is written.
pub async fn complete<C: ConnectionTrait>(
    txn: &C,
    upload: &Upload,
    token: Uuid,
    file: FileId,
    bytes: u64,
) -> Result<bool, StoreError> {
    let done = upload::Entity::update_many()
        .col_expr(upload::Column::Complete, Expr::value(true))
        .col_expr(upload::Column::FileId, Expr::value(file.0))
        .col_expr(upload::Column::Offset, Expr::value(bytes.cast_signed()))
        .col_expr(upload::Column::Length, Expr::value(bytes.cast_signed()))
        .filter(upload::Column::Id.eq(upload.id.0))
        .filter(upload::Column::LockToken.eq(token))
        .filter(upload::Column::Complete.eq(false))
        .exec(txn)
        .await
        .attempt("completing an upload")?;
    if done.rows_affected == 0 {
        return Ok(false);
    }
    let holder = Holder::Upload(upload.id);
    refs::add_file(txn, file, &upload.object_key, bytes, holder).await?;
    Ok(true)
}

/// Deletes the row and lets go of the stored file. False: the lock was lost, nothing is written.
pub async fn delete<C: ConnectionTrait>(
    txn: &C,
    id: UploadId,
    token: Uuid,
) -> Result<bool, StoreError> {
    let row = upload::Entity::find_by_id(id.0)
        .filter(upload::Column::LockToken.eq(token))
        .lock_exclusive()
        .one(txn)
        .await
        .attempt("reading an upload")?;
    let Some(row) = row else { return Ok(false) };
    upload::Entity::delete_by_id(id.0)
        .exec(txn)
        .await
        .attempt("deleting an upload")?;
    refs::release(txn, Holder::Upload(id)).await?;
    if let Some(source) = row.source_id {
        sources::forget_unused(txn, source).await?;
    }
    Ok(true)
}

/// Notes where in a trace the upload's last byte came: its jobs go on with that trace. Call it with [`complete`].
pub async fn note_trace<C: ConnectionTrait>(
    txn: &C,
    id: UploadId,
    trace: &Traceparent,
) -> Result<(), StoreError> {
    upload::Entity::update_many()
        .col_expr(upload::Column::Trace, Expr::value(trace.as_str()))
        .filter(upload::Column::Id.eq(id.0))
        .exec(txn)
        .await
        .attempt("noting an upload's trace")
        .map(|_| ())
}

/// The source made of a complete upload: the one that the first job made, or a new one with the id `fresh`.
///
/// # Errors
/// [`StoreError::NotFound`] when the upload is not complete.
pub async fn use_as_source<C: ConnectionTrait>(
    txn: &C,
    upload: &Upload,
    fresh: SourceId,
) -> Result<SourceId, StoreError> {
    if let Some(source) = upload.source {
        return Ok(source);
    }
    let Some(file) = upload.file.filter(|_| upload.complete) else {
        return Err(StoreError::NotFound {
            what: "complete upload",
            id: upload.id.to_string(),
        });
    };
    let row = source::Model {
        id: fresh.0,
        owner: upload.owner.clone(),
        name: upload.name.clone(),
        file_id: file.0,
        object_key: upload.object_key.clone(),
        bytes: upload.offset.cast_signed(),
        sha256: None,
        media_json: None,
        created_at: now(txn).await?.0,
    };
    // The upload's row first: of two jobs at once, on MySQL, the second waits here and then finds no row to claim.
    let claimed = upload::Entity::update_many()
        .col_expr(upload::Column::SourceId, Expr::value(fresh.0))
        .filter(upload::Column::Id.eq(upload.id.0))
        .filter(upload::Column::SourceId.is_null())
        .exec(txn)
        .await
        .attempt("making a source of an upload")?;
    if claimed.rows_affected == 0 {
        return Err(StoreError::Conflict {
            attempt: "making a source of an upload",
            what: "upload",
        });
    }
    source::Entity::insert(source::ActiveModel {
        id: Set(fresh.0),
        ..row.into()
    })
    .exec_without_returning(txn)
    .await
    .attempt("writing a source")?;
    Ok(fresh)
}
