//! What has had its time, and the rows that say so. Deletes rows only; objects are the sweeper's.

use crate::{
    Store, StoreError,
    entity::{
        file_ref, idempotency_key, job, job_event, output, prefix_sweep, source, stored_file, task,
        upload, worker,
    },
    error::Attempt,
    now,
    refs::{self, Holder},
};
use reelmill_domain::{
    id::{FileId, JobId, OutputId},
    time::Timestamp,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, SelectStatement},
};
use uuid::Uuid;

const DAY_MS: i64 = 24 * 3600 * 1000;
/// How long an Idempotency-Key is remembered.
const KEYS_MS: i64 = 7 * DAY_MS;
/// How long the story of an ended job is kept.
const STORIES_MS: i64 = 30 * DAY_MS;
/// A source that nothing names is left alone so long: its job may be on its way.
const SOURCE_GRACE_MS: i64 = 3600 * 1000;

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

/// Jobs that ended `retention_s` ago let go of their sources' files.
pub async fn release_sources(store: &Store, retention_s: u64) -> Result<(), StoreError> {
    let retention = i64::try_from(retention_s).unwrap_or(i64::MAX);
    let before = now(store.db()).await?.plus_s(retention.saturating_neg());
    let ended = job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::FinishedAt.lte(before.0))
        .into_query();
    let holders: Vec<Uuid> = file_ref::Entity::find()
        .select_only()
        .column(file_ref::Column::HolderId)
        .filter(file_ref::Column::HolderKind.eq("job"))
        .filter(file_ref::Column::HolderId.in_subquery(ended))
        .limit(1000)
        .into_tuple()
        .all(store.db())
        .await
        .attempt("looking for sources to let go of")?;
    for job in holders {
        store
            .transact(|txn| async move { refs::release(&*txn, Holder::Job(JobId(job))).await })
            .await?;
    }
    Ok(())
}

/// Files that nobody holds any more, marked so that nobody can hold them again. Delete the object, then call [`forget_file`].
pub async fn take_doomed(store: &Store, limit: u64) -> Result<Vec<(FileId, String)>, StoreError> {
    let candidates: Vec<(Uuid, String)> = stored_file::Entity::find()
        .select_only()
        .columns([stored_file::Column::Id, stored_file::Column::ObjectKey])
        .filter(stored_file::Column::DoomedAt.is_not_null())
        .order_by_asc(stored_file::Column::DoomedAt)
        .limit(limit)
        .into_tuple()
        .all(store.db())
        .await
        .attempt("looking for doomed files")?;
    let mut taken = Vec::new();
    for (id, key) in candidates {
        if store
            .transact(|txn| async move { take(&*txn, id).await })
            .await?
        {
            taken.push((FileId(id), key));
        }
    }
    Ok(taken)
}

async fn take<C: ConnectionTrait>(txn: &C, id: Uuid) -> Result<bool, StoreError> {
    let marked = stored_file::Entity::update_many()
        .col_expr(stored_file::Column::Deleting, Expr::value(true))
        .filter(stored_file::Column::Id.eq(id))
        .filter(stored_file::Column::DoomedAt.is_not_null())
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

/// Prefixes to be swept now.
pub async fn due_prefixes<C: ConnectionTrait>(
    db: &C,
    limit: u64,
) -> Result<Vec<Sweep>, StoreError> {
    let rows = prefix_sweep::Entity::find()
        .filter(prefix_sweep::Column::DueAt.lte(now(db).await?.0))
        .order_by_asc(prefix_sweep::Column::DueAt)
        .limit(limit)
        .all(db)
        .await
        .attempt("looking for prefixes to sweep")?;
    Ok(rows
        .into_iter()
        .map(|r| Sweep {
            id: r.id,
            left: r.left,
            prefix: r.prefix,
        })
        .collect())
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

/// Whether an object is a stored file.
pub async fn is_stored<C: ConnectionTrait>(db: &C, key: &str) -> Result<bool, StoreError> {
    let n = stored_file::Entity::find()
        .filter(stored_file::Column::ObjectKey.eq(key))
        .count(db)
        .await
        .attempt("looking for a stored file")?;
    Ok(n > 0)
}

/// Deletes rows that have had their time: old keys of requests, workers gone for a day, sources that nothing names,
/// and stories of jobs that were deleted a day or ended thirty days ago.
pub async fn old_rows(store: &Store) -> Result<(), StoreError> {
    let db = store.db();
    let now = now(db).await?;
    idempotency_key::Entity::delete_many()
        .filter(idempotency_key::Column::CreatedAt.lte(now.plus_ms(-KEYS_MS).0))
        .exec(db)
        .await
        .attempt("forgetting old keys")?;
    worker::Entity::delete_many()
        .filter(worker::Column::SeenAt.lte(now.plus_ms(-DAY_MS).0))
        .filter(worker::Column::Id.not_in_subquery(busy_workers()))
        .exec(db)
        .await
        .attempt("forgetting workers")?;
    let used_by_upload = upload::Entity::find()
        .select_only()
        .column(upload::Column::SourceId)
        .filter(upload::Column::SourceId.is_not_null());
    source::Entity::delete_many()
        .filter(source::Column::CreatedAt.lte(now.plus_ms(-SOURCE_GRACE_MS).0))
        .filter(source::Column::Id.not_in_subquery(jobs(job::Column::SourceId, None)))
        .filter(source::Column::Id.not_in_subquery(used_by_upload.into_query()))
        .exec(db)
        .await
        .attempt("forgetting sources")?;
    job_event::Entity::delete_many()
        .filter(old_stories(now))
        .exec(db)
        .await
        .attempt("forgetting stories")
        .map(|_| ())
}

fn old_stories(now: Timestamp) -> Condition {
    let older = |ms: i64| job_event::Column::At.lte(now.plus_ms(-ms).0);
    let going_on = job::Column::FinishedAt.is_null();
    Condition::any()
        .add(
            older(DAY_MS)
                .and(job_event::Column::JobId.not_in_subquery(jobs(job::Column::Id, None))),
        )
        .add(
            older(STORIES_MS).and(
                job_event::Column::JobId.not_in_subquery(jobs(job::Column::Id, Some(going_on))),
            ),
        )
}

fn jobs(column: job::Column, which: Option<Expr>) -> SelectStatement {
    let all = job::Entity::find().select_only().column(column);
    match which {
        Some(which) => all.filter(which).into_query(),
        None => all.into_query(),
    }
}

fn busy_workers() -> SelectStatement {
    task::Entity::find()
        .select_only()
        .column(task::Column::WorkerId)
        .filter(task::Column::WorkerId.is_not_null())
        .into_query()
}
