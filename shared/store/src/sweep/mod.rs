//! What has had its time, and the rows that say so. Deletes rows only; objects are the sweeper's.

mod jobs;
mod rows;

pub(crate) use jobs::erase;
pub use jobs::{ended_jobs, release_sources};
pub use rows::old_rows;

use crate::{
    Store, StoreError,
    entity::{output, prefix_sweep, stored_file},
    error::Attempt,
    now,
};
use reelmill_domain::{
    id::{FileId, JobId, OutputId},
    time::Timestamp,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// What a sweeper took is its own for so long: of several replicas one deletes. If it dies, another one takes it then.
const TAKEN_MS: i64 = 60_000;

/// Published outputs whose time is over, the oldest first.
pub async fn expired_outputs<C: ConnectionTrait>(
    db: &C,
    limit: u64,
) -> Result<Vec<(JobId, OutputId)>, StoreError> {
    let rows: Vec<(Uuid, Uuid)> = output::Entity::find()
        .select_only()
        .columns([output::Column::JobId, output::Column::Id])
        .filter(output::Column::ExpiresAt.lte(now(db).await?.0))
        .filter(output::Column::State.eq("published"))
        .order_by_asc(output::Column::ExpiresAt)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
        .attempt("looking for expired outputs")?;
    Ok(rows
        .into_iter()
        .map(|(job, output)| (JobId(job), OutputId(output)))
        .collect())
}

/// Files that nobody holds any more, marked so that nobody can hold them again. Delete the object, then call [`forget_file`].
/// What is not forgotten within a minute is taken again, by whichever sweeper comes first.
pub async fn take_doomed(store: &Store, limit: u64) -> Result<Vec<(FileId, String)>, StoreError> {
    let at = now(store.db()).await?;
    let candidates: Vec<(Uuid, String, Option<i64>)> = stored_file::Entity::find()
        .select_only()
        .columns([
            stored_file::Column::Id,
            stored_file::Column::ObjectKey,
            stored_file::Column::DoomedAt,
        ])
        .filter(stored_file::Column::DoomedAt.lte(at.0))
        .order_by_asc(stored_file::Column::DoomedAt)
        .limit(limit)
        .into_tuple()
        .all(store.db())
        .await
        .attempt("looking for doomed files")?;
    let mut taken = Vec::new();
    for (id, key, doomed) in candidates {
        let again = at.plus_ms(TAKEN_MS);
        if store
            .transact(|txn| async move { take(&*txn, id, doomed, again).await })
            .await?
        {
            taken.push((FileId(id), key));
        }
    }
    Ok(taken)
}

/// False: it is held again, or another sweeper was first.
async fn take<C: ConnectionTrait>(
    txn: &C,
    id: Uuid,
    doomed: Option<i64>,
    again: Timestamp,
) -> Result<bool, StoreError> {
    let marked = stored_file::Entity::update_many()
        .col_expr(stored_file::Column::Deleting, Expr::value(true))
        .col_expr(stored_file::Column::DoomedAt, Expr::value(again.0))
        .filter(stored_file::Column::Id.eq(id))
        .filter(stored_file::Column::DoomedAt.eq(doomed))
        .exec(txn)
        .await
        .attempt("marking a doomed file")?;
    Ok(marked.rows_affected > 0)
}

/// The object of a doomed file is gone.
pub async fn forget_file(store: &Store, id: FileId) -> Result<(), StoreError> {
    stored_file::Entity::delete_many()
        .filter(stored_file::Column::Id.eq(id.0))
        .filter(stored_file::Column::Deleting.eq(true))
        .exec(store.db())
        .await
        .attempt("forgetting a file")
        .map(|_| ())
}

/// A prefix that is to be swept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep {
    id: i64,
    left: i32,
    /// Everything under it that is not a stored file goes.
    pub prefix: String,
}

impl Sweep {
    /// No run can be writing there any more: what it left unfinished goes as well.
    pub fn is_last(&self) -> bool {
        self.left <= 1
    }
}

/// Prefixes to be swept now. They are the caller's for a minute: within that, [`swept`] should be called.
pub async fn due_prefixes<C: ConnectionTrait>(
    db: &C,
    limit: u64,
) -> Result<Vec<Sweep>, StoreError> {
    let at = now(db).await?;
    let rows = prefix_sweep::Entity::find()
        .filter(prefix_sweep::Column::DueAt.lte(at.0))
        .order_by_asc(prefix_sweep::Column::DueAt)
        .limit(limit)
        .all(db)
        .await
        .attempt("looking for prefixes to sweep")?;
    let mut taken = Vec::new();
    for row in rows {
        let mine = prefix_sweep::Entity::update_many()
            .col_expr(
                prefix_sweep::Column::DueAt,
                Expr::value(at.plus_ms(TAKEN_MS).0),
            )
            .filter(prefix_sweep::Column::Id.eq(row.id))
            .filter(prefix_sweep::Column::Left.eq(row.left))
            .filter(prefix_sweep::Column::DueAt.eq(row.due_at))
            .exec(db)
            .await
            .attempt("taking a prefix to sweep")?;
        if mine.rows_affected == 1 {
            taken.push(Sweep {
                id: row.id,
                left: row.left,
                prefix: row.prefix,
            });
        }
    }
    Ok(taken)
}

/// A prefix was swept; unless that was the last time, again after `again_ms`.
pub async fn swept<C: ConnectionTrait>(
    db: &C,
    sweep: &Sweep,
    again_ms: i64,
) -> Result<(), StoreError> {
    let mine = prefix_sweep::Column::Id
        .eq(sweep.id)
        .and(prefix_sweep::Column::Left.eq(sweep.left));
    if sweep.left <= 1 {
        prefix_sweep::Entity::delete_many()
            .filter(mine)
            .exec(db)
            .await
            .attempt("noting a sweep")
            .map(|_| ())
    } else {
        prefix_sweep::Entity::update_many()
            .col_expr(prefix_sweep::Column::Left, Expr::value(sweep.left - 1))
            .col_expr(
                prefix_sweep::Column::DueAt,
                Expr::value(now(db).await?.plus_ms(again_ms).0),
            )
            .filter(mine)
            .exec(db)
            .await
            .attempt("noting a sweep")
            .map(|_| ())
    }
}

/// Which of these keys are stored files.
pub async fn stored_among<C: ConnectionTrait>(
    db: &C,
    keys: &[String],
) -> Result<BTreeSet<String>, StoreError> {
    let stored: Vec<String> = stored_file::Entity::find()
        .select_only()
        .column(stored_file::Column::ObjectKey)
        .filter(stored_file::Column::ObjectKey.is_in(keys))
        .into_tuple()
        .all(db)
        .await
        .attempt("looking for stored files")?;
    Ok(stored.into_iter().collect())
}

/// Whether an object is a stored file.
pub async fn is_stored<C: ConnectionTrait>(db: &C, key: &str) -> Result<bool, StoreError> {
    let n = stored_file::Entity::find()
        .filter(stored_file::Column::ObjectKey.eq(key))
        .count(db)
        .await
        .attempt("looking for a stored file")?;
    Ok(n > 0)
}
