//! Reading the stories back: after a number within a job, or after an id over all jobs.

use crate::{
    StoreError,
    convert::{from_json, long, size},
    entity::job_event,
    error::Attempt,
    now, unreadable,
};
use reelmill_domain::{event::Telling, id::JobId, time::Timestamp};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{LockBehavior, LockType},
};

/// Between the server's giving out an id and its writing the row there is a moment in which the row can't be seen by any
/// means. It is over when the next row is so old.
const GAP_MS: i64 = 1_000;
/// Longer than a transaction stays open.
const REHEARD_MS: i64 = 10_000;

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

/// The lines of a job's story after `seq`, at most `limit`. Lines that this version can't read are left out.
pub async fn of_job<C: ConnectionTrait>(
    db: &C,
    job: JobId,
    seq: u64,
    limit: u64,
) -> Result<Vec<Told>, StoreError> {
    let mut seq = long(seq);
    loop {
        let rows = job_event::Entity::find()
            .filter(job_event::Column::JobId.eq(job.0))
            .filter(job_event::Column::Seq.gt(seq))
            .order_by_asc(job_event::Column::Seq)
            .limit(limit)
            .all(db)
            .await
            .attempt("reading a job's story")?;
        seq = rows.last().map_or(seq, |row| row.seq);
        let (none, told) = (rows.is_empty(), readable(rows)?);
        // The reader goes on from the last line that it got: it must get one.
        if none || !told.is_empty() {
            return Ok(told);
        }
    }
}

/// The lines after `id`, at most `limit`, and none before every smaller id is visible: a reader that goes on from the
/// last one misses nothing, in whatever order transactions commit. Lines that this version can't read are left out.
pub async fn after<C: ConnectionTrait>(
    db: &C,
    id: i64,
    limit: u64,
) -> Result<Vec<Told>, StoreError> {
    let mut id = id;
    loop {
        let rows = job_event::Entity::find()
            .filter(job_event::Column::Id.gt(id))
            .order_by_asc(job_event::Column::Id)
            .limit(limit)
            .all(db)
            .await
            .attempt("reading the stories")?;
        let rows = visible(db, id, rows).await?;
        id = rows.last().map_or(id, |row| row.id);
        let (none, told) = (rows.is_empty(), readable(rows)?);
        if none || !told.is_empty() {
            return Ok(told);
        }
    }
}

/// The first of these rows, which follow `id`, up to where a smaller id may still become visible.
async fn visible<C: ConnectionTrait>(
    db: &C,
    id: i64,
    rows: Vec<job_event::Model>,
) -> Result<Vec<job_event::Model>, StoreError> {
    let (mut last, mut settled) = (id, None);
    let mut visible = Vec::with_capacity(rows.len());
    for row in rows {
        if row.id != last + 1 {
            let settled = match settled {
                Some(at) => at,
                None => *settled.insert(now(db).await?.plus_ms(-GAP_MS).0),
            };
            if row.at > settled || !is_void(db, last, row.id).await? {
                break;
            }
        }
        last = row.id;
        visible.push(row);
    }
    Ok(visible)
}

/// Whether no transaction holds an id between these two, neither one that has committed nor one that is still open: a
/// reader that asks for a row's lock sees also what is not committed yet. (On SQLite there is one writer at a time, and
/// ids become visible in their order.)
async fn is_void<C: ConnectionTrait>(db: &C, after: i64, before: i64) -> Result<bool, StoreError> {
    let held: Result<Option<i64>, _> = job_event::Entity::find()
        .select_only()
        .column(job_event::Column::Id)
        .filter(job_event::Column::Id.gt(after))
        .filter(job_event::Column::Id.lt(before))
        .lock_with_behavior(LockType::Update, LockBehavior::Nowait)
        .into_tuple()
        .one(db)
        .await;
    match held.attempt("looking for lines that are being written") {
        Ok(row) => Ok(row.is_none()),
        Err(error) if error.is_contention() => Ok(false),
        Err(error) => Err(error),
    }
}

fn readable(rows: Vec<job_event::Model>) -> Result<Vec<Told>, StoreError> {
    let read = rows.into_iter().map(|row| unreadable::skip(read(row)));
    read.filter_map(Result::transpose).collect()
}

/// Where a reader begins that wants only what happens from now on. It may hear again what was told in the last seconds.
pub async fn beginning<C: ConnectionTrait>(db: &C) -> Result<i64, StoreError> {
    let settled = now(db).await?.plus_ms(-REHEARD_MS);
    let id: Option<i64> = job_event::Entity::find()
        .select_only()
        .column(job_event::Column::Id)
        .filter(job_event::Column::At.gt(settled.0))
        .order_by_asc(job_event::Column::At)
        .order_by_asc(job_event::Column::Id)
        .into_tuple()
        .one(db)
        .await
        .attempt("reading where the stories stand")?;
    match id {
        Some(id) => Ok(id - 1),
        None => last(db).await,
    }
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
