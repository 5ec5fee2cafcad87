//! Ended jobs: what they hold, and in the end themselves. Found by index, however many there are.

use crate::{
    Store, StoreError, ended,
    entity::{job, job_event, output},
    error::Attempt,
    jobs, now,
    refs::{self, Holder},
    sources,
};
use reelmill_domain::{
    id::{JobId, OutputId},
    time::Timestamp,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::Expr,
};
use uuid::Uuid;

/// Jobs in one transaction: a commit costs the same for one as for many.
const BATCH: usize = 20;
/// Jobs in one call.
const MOST: u64 = 1000;

/// Jobs that ended `retention_s` ago let go of their sources' files: at most a thousand of them. Returns how many did.
pub async fn release_sources(store: &Store, retention_s: u64) -> Result<u64, StoreError> {
    let before = ago(store, retention_s).await?;
    let holding = job::Entity::find().filter(job::Column::HoldsSource.eq(true));
    let ids = oldest(store, holding, before, MOST).await?;
    for batch in ids.chunks(BATCH) {
        store
            .transact_repeatable(|txn| async move {
                let txn = &*txn;
                jobs::lock_all(txn, ids_of(batch)).await?;
                for id in batch {
                    refs::release(txn, Holder::Job(JobId(*id))).await?;
                }
                job::Entity::update_many()
                    .col_expr(job::Column::HoldsSource, Expr::value(false))
                    .filter(job::Column::Id.is_in(batch.iter().copied()))
                    .exec(txn)
                    .await
                    .attempt("letting go of sources")
                    .map(|_| ())
            })
            .await?;
    }
    Ok(ids.len() as u64)
}

/// Removes jobs that ended at least `older_than_s` ago and have no published output any more, with all that belongs to
/// them: outputs, tasks, stories, references, and their source when it was the last. At most `limit`, the oldest first.
/// Returns how many it found: fewer than `limit` means that there are no more now.
pub async fn ended_jobs(store: &Store, older_than_s: u64, limit: u64) -> Result<u64, StoreError> {
    let before = ago(store, older_than_s).await?;
    let empty = job::Entity::find().filter(job::Column::HoldsOutputs.eq(false));
    let ids = oldest(store, empty, before, limit).await?;
    for batch in ids.chunks(BATCH) {
        store
            .transact_repeatable(|txn| async move {
                jobs::lock_all(&*txn, ids_of(batch)).await?;
                for id in batch {
                    remove(&*txn, JobId(*id)).await?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
    }
    Ok(ids.len() as u64)
}

/// Collected: a future that holds an iterator with closures can't be sent to another thread (rust-lang/rust#110338).
fn ids_of(batch: &[Uuid]) -> Vec<JobId> {
    batch.iter().copied().map(JobId).collect()
}

async fn ago(store: &Store, seconds: u64) -> Result<Timestamp, StoreError> {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    Ok(now(store.db()).await?.plus_s(seconds.saturating_neg()))
}

async fn oldest(
    store: &Store,
    which: Select<job::Entity>,
    before: Timestamp,
    limit: u64,
) -> Result<Vec<Uuid>, StoreError> {
    which
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::FinishedAt.lte(before.0))
        .order_by_asc(job::Column::FinishedAt)
        .limit(limit)
        .into_tuple()
        .all(store.db())
        .await
        .attempt("looking for ended jobs")
}

async fn remove<C: ConnectionTrait>(txn: &C, id: JobId) -> Result<(), StoreError> {
    let job = match jobs::lock(txn, id).await {
        Err(error) if error.is_not_found() => return Ok(()),
        row => row?,
    };
    // What was found to be so may have changed since.
    if job.finished_at.is_none() || job.holds_outputs {
        return Ok(());
    }
    job_event::Entity::delete_many()
        .filter(job_event::Column::JobId.eq(id.0))
        .exec(txn)
        .await
        .attempt("forgetting a story")?;
    erase(txn, &job).await
}

/// Deletes the row of an ended job, locked by the caller, and what goes with it but for its story.
pub(crate) async fn erase<C: ConnectionTrait>(txn: &C, job: &job::Model) -> Result<(), StoreError> {
    let id = JobId(job.id);
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
    // Outputs, tasks and their needs go with it.
    let deleted = job::Entity::delete_many()
        .filter(job::Column::Id.eq(id.0))
        .filter(job::Column::Version.eq(job.version))
        .exec(txn)
        .await
        .attempt("deleting a job")?;
    if deleted.rows_affected == 0 {
        return Err(StoreError::Conflict {
            attempt: "deleting a job",
            what: "job",
        });
    }
    ended::count(txn, &job.state, -1).await?;
    sources::forget_unused(txn, job.source_id).await
}
