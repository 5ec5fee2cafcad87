//! Reading the stories back: after a number within a job, or after an id over all jobs.

use crate::{
    StoreError,
    convert::{from_json, long, size},
    entity::job_event,
    error::Attempt,
    now,
};
use reelmill_domain::{event::Telling, id::JobId, time::Timestamp};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// A missing id may belong to a transaction that is still open; after so long it is taken for one that was rolled back.
const GAP_MS: i64 = 3_000;

/// A line of a story.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Its place among all lines.
    pub id: i64,
    /// Whose story.
    pub job: JobId,
    /// The job's owner.
    pub owner: String,
    /// Its place in the job's story, from 1.
    pub seq: u64,
    /// What is told.
    pub telling: Telling,
    /// When.
    pub at: Timestamp,
}

fn read(row: job_event::Model) -> Result<Told, StoreError> {
    Ok(Told {
        id: row.id,
        job: JobId(row.job_id),
        seq: size(row.seq),
        telling: from_json("job event", &row.id, &row.body_json)?,
        owner: row.owner,
        at: Timestamp(row.at),
    })
}

/// The lines of a job's story after `seq`, at most `limit`.
pub async fn of_job<C: ConnectionTrait>(
    db: &C,
    job: JobId,
    seq: u64,
    limit: u64,
) -> Result<Vec<Told>, StoreError> {
    job_event::Entity::find()
        .filter(job_event::Column::JobId.eq(job.0))
        .filter(job_event::Column::Seq.gt(long(seq)))
        .order_by_asc(job_event::Column::Seq)
        .limit(limit)
        .all(db)
        .await
        .attempt("reading a job's story")?
        .into_iter()
        .map(read)
        .collect()
}

/// The lines after `id`, at most `limit`, and none before every smaller id is visible: a reader that goes on from the
/// last one misses nothing, in whatever order transactions commit.
pub async fn after<C: ConnectionTrait>(
    db: &C,
    id: i64,
    limit: u64,
) -> Result<Vec<Told>, StoreError> {
    let mut seen = window(db, id, limit).await?;
    seen.told.truncate(seen.settled);
    Ok(seen.told)
}

/// What is visible of the stories now.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// The lines, by id. Smaller ids may become visible later.
    pub told: Vec<Told>,
    /// Of so many of them, from the first on, every smaller id is visible.
    pub settled: usize,
}

/// The lines after `id` that are visible now, at most `limit`. One that this version can't read is left out.
pub async fn window<C: ConnectionTrait>(
    db: &C,
    id: i64,
    limit: u64,
) -> Result<Window, StoreError> {
    // The clock first: however long the reading takes, a line is not older than when it was read.
    let old = now(db).await?.plus_ms(-GAP_MS);
    let rows = job_event::Entity::find()
        .filter(job_event::Column::Id.gt(id))
        .order_by_asc(job_event::Column::Id)
        .limit(limit)
        .all(db)
        .await
        .attempt("reading the stories")?;
    let mut seen = Window {
        told: Vec::with_capacity(rows.len()),
        settled: 0,
    };
    let (mut last, mut settled) = (id, true);
    for row in rows {
        settled &= row.id == last + 1 || row.at <= old.0;
        last = row.id;
        match read(row) {
            Ok(line) => seen.told.push(line),
            Err(error) => tracing::error!(%error, "a line of a story was left out"),
        }
        if settled {
            seen.settled = seen.told.len();
        }
    }
    Ok(seen)
}

/// Where a reader begins that wants only what happens from now on. It may hear again what was told in the last seconds.
pub async fn beginning<C: ConnectionTrait>(db: &C) -> Result<i64, StoreError> {
    let settled = now(db).await?.plus_ms(-GAP_MS);
    let id: Option<i64> = job_event::Entity::find()
        .select_only()
        .column(job_event::Column::Id)
        .filter(job_event::Column::At.lte(settled.0))
        .order_by_desc(job_event::Column::Id)
        .into_tuple()
        .one(db)
        .await
        .attempt("reading where the stories stand")?;
    Ok(id.unwrap_or(0))
}

/// The last id so far: whether anything was told since.
pub async fn last<C: ConnectionTrait>(db: &C) -> Result<i64, StoreError> {
    let id: Option<i64> = job_event::Entity::find()
        .select_only()
        .column(job_event::Column::Id)
        .order_by_desc(job_event::Column::Id)
        .into_tuple()
        .one(db)
        .await
        .attempt("reading where the stories stand")?;
    Ok(id.unwrap_or(0))
}
