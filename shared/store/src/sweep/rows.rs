//! Rows that have had their time and that nobody looks for: found by index, a bounded number at a time.

use crate::{
    Store, StoreError, ended,
    entity::{commit, idempotency_key, job, job_event, task, worker},
    error::Attempt,
    now, workers,
};
use reelmill_domain::time::Timestamp;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryOrder,
    QuerySelect, RelationDef,
};
use std::collections::BTreeSet;
use uuid::Uuid;

const DAY_MS: i64 = 24 * 3600 * 1000;
/// How long an Idempotency-Key is remembered.
const KEYS_MS: i64 = 7 * DAY_MS;
/// How long the story of an ended job is kept.
const STORIES_MS: i64 = 30 * DAY_MS;
/// How long a wish for workers of a name outlives the last one of that name.
const WISHES_MS: i64 = 90 * DAY_MS;
/// Rows looked up at once.
const BATCH: u64 = 500;
/// Batches of a kind in one call.
const BATCHES: u32 = 40;

/// Deletes rows that have had their time: old keys of requests, workers gone for a day, wishes for workers that never
/// came back, marks of commits, and stories of jobs that were deleted a day or ended thirty days ago.
pub async fn old_rows(store: &Store) -> Result<(), StoreError> {
    let db = store.db();
    let now = now(db).await?;
    in_batches(|| old_keys(db, now.plus_ms(-KEYS_MS))).await?;
    in_batches(|| old_marks(db, first_id(now.plus_ms(-DAY_MS)))).await?;
    gone_workers(db, now).await?;
    in_batches(|| workers::forget_wishes(db, now.plus_ms(-WISHES_MS), BATCH)).await?;
    in_batches(|| deleted_stories(db, now.plus_ms(-DAY_MS))).await?;
    in_batches(|| old_stories(db, now.plus_ms(-STORIES_MS))).await?;
    store
        .transact(|txn| async move { ended::add_up(&*txn).await })
        .await
}

/// Goes on until a batch is not full any more, or there were many.
async fn in_batches<F>(mut batch: impl FnMut() -> F) -> Result<(), StoreError>
where
    F: Future<Output = Result<u64, StoreError>>,
{
    for _ in 0..BATCHES {
        if batch().await? < BATCH {
            break;
        }
    }
    Ok(())
}

/// Up to the time of the last of a batch: a few more, when several were written in the same millisecond.
async fn old_keys<C: ConnectionTrait>(db: &C, before: Timestamp) -> Result<u64, StoreError> {
    let times: Vec<i64> = idempotency_key::Entity::find()
        .select_only()
        .column(idempotency_key::Column::CreatedAt)
        .filter(idempotency_key::Column::CreatedAt.lte(before.0))
        .order_by_asc(idempotency_key::Column::CreatedAt)
        .limit(BATCH)
        .into_tuple()
        .all(db)
        .await
        .attempt("looking for old keys")?;
    if let Some(last) = times.last() {
        idempotency_key::Entity::delete_many()
            .filter(idempotency_key::Column::CreatedAt.lte(*last))
            .exec(db)
            .await
            .attempt("forgetting old keys")?;
    }
    Ok(times.len() as u64)
}

async fn old_marks<C: ConnectionTrait>(db: &C, before: Uuid) -> Result<u64, StoreError> {
    let marks: Vec<Uuid> = commit::Entity::find()
        .select_only()
        .column(commit::Column::Id)
        .filter(commit::Column::Id.lt(before))
        .order_by_asc(commit::Column::Id)
        .limit(BATCH)
        .into_tuple()
        .all(db)
        .await
        .attempt("looking for old marks of commits")?;
    if let Some(last) = marks.last() {
        commit::Entity::delete_many()
            .filter(commit::Column::Id.lte(*last))
            .exec(db)
            .await
            .attempt("forgetting marks of commits")?;
    }
    Ok(marks.len() as u64)
}

/// The smallest id that is made at this time (UUIDv7: 48 bits of milliseconds in front).
fn first_id(at: Timestamp) -> Uuid {
    Uuid::from_u128(u128::try_from(at.0).unwrap_or(0) << 80)
}

async fn gone_workers<C: ConnectionTrait>(db: &C, now: Timestamp) -> Result<(), StoreError> {
    let gone: Vec<Uuid> = worker::Entity::find()
        .select_only()
        .column(worker::Column::Id)
        .filter(worker::Column::SeenAt.lte(now.plus_ms(-DAY_MS).0))
        .limit(BATCH)
        .into_tuple()
        .all(db)
        .await
        .attempt("looking for workers that are gone")?;
    if gone.is_empty() {
        return Ok(());
    }
    let busy: Vec<Option<Uuid>> = task::Entity::find()
        .select_only()
        .column(task::Column::WorkerId)
        .filter(task::Column::State.eq("running"))
        .into_tuple()
        .all(db)
        .await
        .attempt("reading busy workers")?;
    let busy: BTreeSet<Uuid> = busy.into_iter().flatten().collect();
    worker::Entity::delete_many()
        .filter(worker::Column::Id.is_in(gone.into_iter().filter(|id| !busy.contains(id))))
        .filter(worker::Column::SeenAt.lte(now.plus_ms(-DAY_MS).0))
        .exec(db)
        .await
        .attempt("forgetting workers")
        .map(|_| ())
}

/// Stories whose last line says that their job was deleted.
async fn deleted_stories<C: ConnectionTrait>(db: &C, before: Timestamp) -> Result<u64, StoreError> {
    let jobs: Vec<Uuid> = job_event::Entity::find()
        .select_only()
        .column(job_event::Column::JobId)
        .filter(job_event::Column::Kind.eq("deleted"))
        .filter(job_event::Column::At.lte(before.0))
        .order_by_asc(job_event::Column::At)
        .limit(BATCH)
        .into_tuple()
        .all(db)
        .await
        .attempt("looking for stories of deleted jobs")?;
    if !jobs.is_empty() {
        job_event::Entity::delete_many()
            .filter(job_event::Column::JobId.is_in(jobs.iter().copied()))
            .exec(db)
            .await
            .attempt("forgetting stories of deleted jobs")?;
    }
    Ok(jobs.len() as u64)
}

/// Old lines of jobs that ended or are no more. Those of jobs that go on are read again each time; they are few.
async fn old_stories<C: ConnectionTrait>(db: &C, before: Timestamp) -> Result<u64, StoreError> {
    let to_job: RelationDef = job_event::Entity::belongs_to(job::Entity)
        .from(job_event::Column::JobId)
        .to(job::Column::Id)
        .into();
    let over = Condition::any()
        .add(job::Column::Id.is_null())
        .add(job::Column::FinishedAt.is_not_null());
    let lines: Vec<i64> = job_event::Entity::find()
        .select_only()
        .column(job_event::Column::Id)
        .join(JoinType::LeftJoin, to_job)
        .filter(job_event::Column::At.lte(before.0))
        .filter(over)
        .order_by_asc(job_event::Column::At)
        .limit(BATCH)
        .into_tuple()
        .all(db)
        .await
        .attempt("looking for old stories")?;
    if !lines.is_empty() {
        job_event::Entity::delete_many()
            .filter(job_event::Column::Id.is_in(lines.iter().copied()))
            .exec(db)
            .await
            .attempt("forgetting old stories")?;
    }
    Ok(lines.len() as u64)
}
