//! Jobs as the API shows them: one, or a page of the newest.

use super::queue;
use crate::{
    StoreError,
    convert::from_json,
    entity::{job, output, source},
    error::Attempt,
    jobs::from_rows,
    unreadable,
};
use reelmill_domain::{id::JobId, job::Job, time::Timestamp, wire::Traceparent};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
    sea_query::extension::mysql::{IndexHintScope, MySqlSelectStatementExt},
};
use std::{collections::BTreeMap, fmt, str::FromStr};
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
    /// Its place in the queue, from 1; absent once it has begun, and behind the first [`super::QUEUE_SEEN`].
    pub position: Option<u64>,
    /// Where in a trace it was submitted.
    pub trace: Option<Traceparent>,
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
    let Some(row) = rows.into_iter().next() else {
        return Ok(None);
    };
    let mut around = Around::read(db, std::slice::from_ref(&row)).await?;
    around.record(row).map(Some)
}

/// These jobs, whoever they belong to, in no order. Those that this version can't read are left out.
pub async fn jobs<C: ConnectionTrait>(db: &C, ids: &[JobId]) -> Result<Vec<JobRecord>, StoreError> {
    let rows = job::Entity::find()
        .filter(job::Column::Id.is_in(ids.iter().map(|j| j.0)))
        .all(db)
        .await
        .attempt("reading jobs")?;
    records(db, rows).await
}

/// An owner's jobs, newest first, at most `limit`, after `cursor`; those in `state` alone if one is given. Jobs that this
/// version can't read are left out.
pub async fn page<C: ConnectionTrait>(
    db: &C,
    owner: &str,
    state: Option<&str>,
    cursor: Option<Cursor>,
    limit: u64,
) -> Result<Vec<JobRecord>, StoreError> {
    let mut page = Vec::new();
    let mut cursor = cursor;
    loop {
        let missing = limit - page.len() as u64;
        let rows = slice(db, owner, state, cursor, missing).await?;
        let Some(last) = rows.last() else { break };
        cursor = Some(Cursor {
            created_at: last.created_at,
            id: last.id,
        });
        let all = (rows.len() as u64) < missing;
        page.extend(records(db, rows).await?);
        if all || page.len() as u64 >= limit {
            break;
        }
    }
    Ok(page)
}

async fn slice<C: ConnectionTrait>(
    db: &C,
    owner: &str,
    state: Option<&str>,
    cursor: Option<Cursor>,
    limit: u64,
) -> Result<Vec<job::Model>, StoreError> {
    let mut jobs = job::Entity::find().filter(job::Column::Owner.eq(owner));
    let mut index = "ix_jobs_owner_created_at_id";
    if let Some(state) = state {
        jobs = jobs.filter(job::Column::State.eq(state));
        index = "ix_jobs_owner_state_created_at_id";
    }
    // Otherwise MariaDB reads from the newest job down to the cursor. No later migration may drop these indexes.
    QueryTrait::query(&mut jobs).force_index(index, IndexHintScope::All);
    if let Some(Cursor { created_at, id }) = cursor {
        // The first condition follows from the second; by it the index is entered at the right place.
        jobs = jobs.filter(job::Column::CreatedAt.lte(created_at)).filter(
            Condition::any()
                .add(job::Column::CreatedAt.lt(created_at))
                .add(job::Column::Id.lt(id)),
        );
    }
    jobs.order_by_desc(job::Column::CreatedAt)
        .order_by_desc(job::Column::Id)
        .limit(limit)
        .all(db)
        .await
        .attempt("reading jobs")
}

/// From rows to jobs; what can't be read is left out.
async fn records<C: ConnectionTrait>(
    db: &C,
    rows: Vec<job::Model>,
) -> Result<Vec<JobRecord>, StoreError> {
    let mut around = Around::read(db, &rows).await?;
    let read = rows
        .into_iter()
        .map(|row| unreadable::skip(around.record(row)));
    read.filter_map(Result::transpose).collect()
}

/// What belongs to some jobs in other tables.
struct Around {
    outputs: BTreeMap<Uuid, Vec<output::Model>>,
    sources: BTreeMap<Uuid, source::Model>,
    places: BTreeMap<Uuid, u64>,
}

impl Around {
    async fn read<C: ConnectionTrait>(db: &C, rows: &[job::Model]) -> Result<Self, StoreError> {
        let rows_of_outputs = output::Entity::find()
            .filter(output::Column::JobId.is_in(rows.iter().map(|r| r.id)))
            .order_by_asc(output::Column::JobId)
            .order_by_asc(output::Column::Position)
            .all(db)
            .await
            .attempt("reading outputs")?;
        let mut outputs: BTreeMap<Uuid, Vec<output::Model>> = BTreeMap::new();
        for output in rows_of_outputs {
            outputs.entry(output.job_id).or_default().push(output);
        }
        let sources = source::Entity::find()
            .filter(source::Column::Id.is_in(rows.iter().map(|r| r.source_id)))
            .all(db)
            .await
            .attempt("reading sources")?;
        Ok(Self {
            outputs,
            sources: sources.into_iter().map(|s| (s.id, s)).collect(),
            places: queue::places(db, rows).await?,
        })
    }

    fn record(&mut self, row: job::Model) -> Result<JobRecord, StoreError> {
        let missing = || StoreError::NotFound {
            what: "source of job",
            id: row.id.to_string(),
        };
        let source = self.sources.get(&row.source_id).ok_or_else(missing)?;
        let outputs = self.outputs.remove(&row.id).unwrap_or_default();
        Ok(JobRecord {
            position: self.places.get(&row.id).copied(),
            job: from_rows(&row, outputs, source)?,
            source_name: source.name.clone(),
            source_sha256: source.sha256.clone(),
            retry_of: row.retry_of.map(JobId),
            metadata: from_json("job", &row.id, &row.metadata_json)?,
            created_at: Timestamp(row.created_at),
            trace: row.trace.as_deref().and_then(Traceparent::parse),
        })
    }
}
