//! What a submission and a retry need in their transaction: remembered keys, and the job with its source held.

use crate::{
    StoreError,
    entity::{idempotency_key, source},
    error::Attempt,
    jobs::{self, NewJob},
    now,
    refs::{self, Holder},
};
use reelmill_domain::{
    id::{FileId, JobId},
    job::Job,
    task::Task,
};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, QuerySelect};

/// A key that was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// SHA-256 of the body, hex.
    pub body_hash: String,
    /// The job it made.
    pub job: JobId,
}

/// What an idempotency key was used for, if it was.
pub async fn recall<C: ConnectionTrait>(
    db: &C,
    owner: &str,
    key: &str,
) -> Result<Option<Used>, StoreError> {
    let row = idempotency_key::Entity::find_by_id((owner.to_owned(), key.to_owned()))
        .one(db)
        .await
        .attempt("reading an idempotency key")?;
    Ok(row.map(|row| Used {
        body_hash: row.body_hash,
        job: JobId(row.job_id),
    }))
}

/// Remembers what a key was used for. Call it first of all writes: of two submissions with one key the second fails here.
///
/// # Errors
/// [`StoreError::Conflict`] when somebody else used the key meanwhile: run the transaction again and recall it.
pub async fn remember<C: ConnectionTrait>(
    txn: &C,
    owner: &str,
    key: &str,
    used: &Used,
) -> Result<(), StoreError> {
    let row = idempotency_key::ActiveModel {
        owner: Set(owner.to_owned()),
        key: Set(key.to_owned()),
        body_hash: Set(used.body_hash.clone()),
        job_id: Set(used.job.0),
        created_at: Set(now(txn).await?.0),
    };
    idempotency_key::Entity::insert(row)
        .exec_without_returning(txn)
        .await
        .attempt("remembering an idempotency key")
        .map(|_| ())
        .map_err(|error| error.duplicate_is_conflict("remembering an idempotency key", "key"))
}

/// Writes a new job with its first task, and makes it hold its source's file.
///
/// # Errors
/// [`StoreError::FileGone`] when the file is being deleted.
pub async fn write<C: ConnectionTrait>(
    txn: &C,
    job: &Job,
    new: &NewJob,
    first: &Task,
) -> Result<(), StoreError> {
    // Locked: a source goes with the last job that is made of it.
    let row = source::Entity::find_by_id(job.source.0)
        .lock_exclusive()
        .one(txn)
        .await
        .attempt("reading a source")?
        .ok_or_else(|| StoreError::NotFound {
            what: "source",
            id: job.source.to_string(),
        })?;
    refs::hold(txn, FileId(row.file_id), Holder::Job(job.id)).await?;
    jobs::create(txn, job, new, std::slice::from_ref(first)).await
}
