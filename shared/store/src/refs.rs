//! References to stored files: a file is doomed when its last reference goes, never before. Touches no object.

use crate::{
    StoreError,
    entity::{file_ref, stored_file},
    error::Attempt,
    now,
};
use reelmill_domain::id::{FileId, JobId, OutputId, UploadId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait,
    QueryFilter, QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

/// Who may hold a stored file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// An upload that has not expired.
    Upload(UploadId),
    /// A job, as its source.
    Job(JobId),
    /// A published output.
    Output(OutputId),
}

impl Holder {
    /// Its name in `file_refs`.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Upload(_) => "upload",
            Self::Job(_) => "job",
            Self::Output(_) => "output",
        }
    }

    fn id(self) -> Uuid {
        match self {
            Self::Upload(id) => id.0,
            Self::Job(id) => id.0,
            Self::Output(id) => id.0,
        }
    }
}

/// Records an object that lies in the store, held by `holder`.
pub async fn add_file<C: ConnectionTrait>(
    txn: &C,
    file: FileId,
    object_key: &str,
    bytes: u64,
    holder: Holder,
) -> Result<(), StoreError> {
    let row = stored_file::ActiveModel {
        id: Set(file.0),
        object_key: Set(object_key.to_owned()),
        bytes: Set(bytes.cast_signed()),
        created_at: Set(now(txn).await?.0),
        doomed_at: Set(None),
        deleting: Set(false),
    };
    stored_file::Entity::insert(row)
        .exec_without_returning(txn)
        .await
        .attempt("recording a stored file")?;
    insert(txn, file, holder).await
}

/// Makes `holder` hold a file that is recorded. Holding it already is fine.
///
/// # Errors
/// [`StoreError::FileGone`] when the file is unknown or being deleted.
pub async fn hold<C: ConnectionTrait>(
    txn: &C,
    file: FileId,
    holder: Holder,
) -> Result<(), StoreError> {
    let revived = stored_file::Entity::update_many()
        .col_expr(stored_file::Column::DoomedAt, Expr::value(None::<i64>))
        .filter(stored_file::Column::Id.eq(file.0))
        .filter(stored_file::Column::Deleting.eq(false))
        .exec(txn)
        .await
        .attempt("holding a stored file")?;
    if revived.rows_affected == 0 {
        return Err(StoreError::FileGone {
            file: file.to_string(),
        });
    }
    let held = file_ref::Entity::find_by_id((file.0, holder.kind().to_owned(), holder.id()))
        .one(txn)
        .await
        .attempt("reading a reference")?;
    match held {
        Some(_) => Ok(()),
        None => insert(txn, file, holder).await,
    }
}

async fn insert<C: ConnectionTrait>(
    txn: &C,
    file: FileId,
    holder: Holder,
) -> Result<(), StoreError> {
    let row = file_ref::ActiveModel {
        file_id: Set(file.0),
        holder_kind: Set(holder.kind().to_owned()),
        holder_id: Set(holder.id()),
    };
    file_ref::Entity::insert(row)
        .exec_without_returning(txn)
        .await
        .attempt("writing a reference")
        .map(|_| ())
}

/// Takes away every reference of `holder`; files that nobody holds any more are doomed: the sweeper deletes them.
pub async fn release<C: ConnectionTrait>(txn: &C, holder: Holder) -> Result<(), StoreError> {
    let mine = file_ref::Column::HolderKind
        .eq(holder.kind())
        .and(file_ref::Column::HolderId.eq(holder.id()));
    let files: Vec<Uuid> = file_ref::Entity::find()
        .filter(mine.clone())
        .select_only()
        .column(file_ref::Column::FileId)
        .into_tuple()
        .all(txn)
        .await
        .attempt("reading references")?;
    file_ref::Entity::delete_many()
        .filter(mine)
        .exec(txn)
        .await
        .attempt("deleting references")?;
    if files.is_empty() {
        return Ok(());
    }
    let at = now(txn).await?;
    for file in files {
        // The row first: on MySQL its lock keeps another transaction from adding a reference while we count.
        doom(txn, file, Some(at.0)).await?;
        let left = file_ref::Entity::find()
            .filter(file_ref::Column::FileId.eq(file))
            .count(txn)
            .await
            .attempt("counting references")?;
        if left > 0 {
            doom(txn, file, None).await?;
        }
    }
    Ok(())
}

async fn doom<C: ConnectionTrait>(txn: &C, file: Uuid, at: Option<i64>) -> Result<(), StoreError> {
    stored_file::Entity::update_many()
        .col_expr(stored_file::Column::DoomedAt, Expr::value(at))
        .filter(stored_file::Column::Id.eq(file))
        .filter(stored_file::Column::Deleting.eq(false))
        .exec(txn)
        .await
        .attempt("dooming a stored file")
        .map(|_| ())
}
