//! Jobs as the API shows them: one, or a page of the newest.

use crate::{
    StoreError,
    convert::from_json,
    entity::{job, output, source},
    error::Attempt,
    jobs::from_rows,
};
use reelmill_domain::{id::JobId, job::Job, time::Timestamp};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Select,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};
use uuid::Uuid;

/// A job with what the domain has no use for.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRecord {
    /// The job.
    pub job: Job,
    /// The name its source came with.
    pub source_name: String,
    /// SHA-256 of its source, hex; absent until probed.
    pub source_sha256: Option<String>,
    /// The job that it tries again.
    pub retry_of: Option<JobId>,
    /// The owner's own.
    pub metadata: BTreeMap<String, serde_json::Value>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// Its place in the queue, from 1; absent once it has begun.
    pub position: Option<u64>,
}

/// Where a page begins: after this job, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    created_at: i64,
    id: Uuid,
}

impl Cursor {
    /// The cursor of the page after this job.
    pub fn after(record: &JobRecord) -> Self {
        Self {
            created_at: record.created_at.0,
            id: record.job.id.0,
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{}", self.created_at, self.id.simple())
    }
}

/// Not a cursor that a page gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor that a page gave")]
pub struct BadCursor;

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let (at, id) = text.split_once('-').ok_or(BadCursor)?;
        Ok(Self {
            created_at: i64::from_str_radix(at, 16).map_err(|_| BadCursor)?,
            id: Uuid::try_parse(id).map_err(|_| BadCursor)?,
        })
    }
}

/// A job of an owner.
pub async fn job<C: ConnectionTrait>(
    db: &C,
    owner: &str,
    id: JobId,
) -> Result<Option<JobRecord>, StoreError> {
    let rows = job::Entity::find_by_id(id.0)
        .filter(job::Column::Owner.eq(owner))
        .all(db)
        .await
        .attempt("reading a job")?;
    Ok(records(db, rows).await?.pop())
}

/// These jobs, whoever they belong to, in no order.
pub async fn jobs<C: ConnectionTrait>(db: &C, ids: &[JobId]) -> Result<Vec<JobRecord>, StoreError> {
    let rows = job::Entity::find()
        .filter(job::Column::Id.is_in(ids.iter().map(|j| j.0)))
        .all(db)
        .await
        .attempt("reading jobs")?;
    records(db, rows).await
}

/// An owner's jobs, newest first, at most `limit`, after `cursor`; those in `state` alone if one is given.
pub async fn page<C: ConnectionTrait>(
    db: &C,
    owner: &str,
    state: Option<&str>,
    cursor: Option<Cursor>,
    limit: u64,
) -> Result<Vec<JobRecord>, StoreError> {
    let mut jobs = job::Entity::find().filter(job::Column::Owner.eq(owner));
    if let Some(state) = state {
        jobs = jobs.filter(job::Column::State.eq(state));
    }
    if let Some(Cursor { created_at, id }) = cursor {
        jobs = jobs.filter(
            Condition::any()
                .add(job::Column::CreatedAt.lt(created_at))
                .add(
                    job::Column::CreatedAt
                        .eq(created_at)
                        .and(job::Column::Id.lt(id)),
                ),
        );
    }
    let rows = jobs
        .order_by_desc(job::Column::CreatedAt)
        .order_by_desc(job::Column::Id)
        .limit(limit)
        .all(db)
        .await
        .attempt("reading jobs")?;
    records(db, rows).await
}

async fn records<C: ConnectionTrait>(
    db: &C,
    rows: Vec<job::Model>,
) -> Result<Vec<JobRecord>, StoreError> {
    let outputs = output::Entity::find()
        .filter(output::Column::JobId.is_in(rows.iter().map(|r| r.id)))
        .order_by_asc(output::Column::JobId)
        .order_by_asc(output::Column::Position)
        .all(db)
        .await
        .attempt("reading outputs")?;
    let mut by_job: BTreeMap<Uuid, Vec<output::Model>> = BTreeMap::new();
    for output in outputs {
        by_job.entry(output.job_id).or_default().push(output);
    }
    let sources = source::Entity::find()
        .filter(source::Column::Id.is_in(rows.iter().map(|r| r.source_id)))
        .all(db)
        .await
        .attempt("reading sources")?;
    let sources: BTreeMap<Uuid, source::Model> = sources.into_iter().map(|s| (s.id, s)).collect();
    let places = places(db, &rows).await?;
    let mut records = Vec::with_capacity(rows.len());
    for row in rows {
        let missing = || StoreError::NotFound {
            what: "source of job",
            id: row.id.to_string(),
        };
        let source = sources.get(&row.source_id).ok_or_else(missing)?;
        let job = from_rows(&row, by_job.remove(&row.id).unwrap_or_default(), source)?;
        records.push(JobRecord {
            position: places.get(&row.id).copied(),
            job,
            source_name: source.name.clone(),
            source_sha256: source.sha256.clone(),
            retry_of: row.retry_of.map(JobId),
            metadata: from_json("job", &row.id, &row.metadata_json)?,
            created_at: Timestamp(row.created_at),
        });
    }
    Ok(records)
}

/// The places in the queue, from 1, of those of these jobs that have one: jobs that have not begun go by priority, then
/// age; a job that is held back has no place. One query, however many they are.
async fn places<C: ConnectionTrait>(
    db: &C,
    rows: &[job::Model],
) -> Result<BTreeMap<Uuid, u64>, StoreError> {
    let mut waiting = rows.iter().filter(|r| r.state == "queued" && !r.paused);
    match (waiting.next(), waiting.next()) {
        (None, _) => Ok(BTreeMap::new()),
        (Some(only), None) => Ok([(only.id, ahead(db, only).await? + 1)].into()),
        _ => {
            let queue: Vec<Uuid> = queue()
                .select_only()
                .column(job::Column::Id)
                .order_by_desc(job::Column::Priority)
                .order_by_asc(job::Column::CreatedAt)
                .order_by_asc(job::Column::Id)
                .into_tuple()
                .all(db)
                .await
                .attempt("reading the queue")?;
            let asked: BTreeSet<Uuid> = rows.iter().map(|r| r.id).collect();
            let places = queue.into_iter().zip(1..);
            Ok(places.filter(|(id, _)| asked.contains(id)).collect())
        }
    }
}

fn queue() -> Select<job::Entity> {
    job::Entity::find()
        .filter(job::Column::State.eq("queued"))
        .filter(job::Column::Paused.eq(false))
}

async fn ahead<C: ConnectionTrait>(db: &C, row: &job::Model) -> Result<u64, StoreError> {
    let older = job::Column::CreatedAt
        .lt(row.created_at)
        .or(job::Column::CreatedAt
            .eq(row.created_at)
            .and(job::Column::Id.lt(row.id)));
    queue()
        .filter(
            Condition::any()
                .add(job::Column::Priority.gt(row.priority))
                .add(job::Column::Priority.eq(row.priority).and(older)),
        )
        .count(db)
        .await
        .attempt("counting jobs ahead")
}
