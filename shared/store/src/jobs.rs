//! Jobs between rows and the domain: loaded whole, written by compare-and-set on `version`.

use crate::{
    StoreError,
    convert::{count, from_json, int, long, size, to_json},
    ended,
    entity::{job, output, source, task},
    error::Attempt,
    now, tasks, tell,
};
use reelmill_domain::{
    event::Telling,
    id::{JobId, OutputId, SourceId},
    job::{Job, JobState},
    output::{Output, OutputState},
    spec::Input,
    task::Task,
    wire::Traceparent,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A job with what guards its next write.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    pub job: Job,
    pub version: i64,
    pub event_seq: i64,
}

/// What a new job has beside what the domain knows.
#[derive(Debug, Clone, Default)]
pub struct NewJob {
    /// The job that it tries again.
    pub retry_of: Option<JobId>,
    /// The owner's own.
    pub metadata: BTreeMap<String, serde_json::Value>,
    /// Where in a trace it was submitted; its tasks carry it on.
    pub trace: Option<Traceparent>,
}

/// Writes a new job with its outputs and first tasks, and tells its beginning. The source and the reference to its
/// file ([`crate::refs::Holder::Job`]) are the caller's.
pub async fn create<C: ConnectionTrait>(
    txn: &C,
    job: &Job,
    new: &NewJob,
    first: &[Task],
) -> Result<(), StoreError> {
    let now = now(txn).await?;
    let row = job::ActiveModel {
        id: Set(job.id.0),
        owner: Set(job.owner.clone()),
        source_id: Set(job.source.0),
        strict: Set(job.strict),
        expire_after_s: Set(job.expire_after_s.map(long)),
        retry_of: Set(new.retry_of.map(|j| j.0)),
        metadata_json: Set(to_json("job", &new.metadata)?),
        version: Set(0),
        event_seq: Set(1),
        created_at: Set(now.0),
        trace: Set(new.trace.as_ref().map(|t| t.as_str().to_owned())),
        holds_source: Set(true),
        ..changing(job)?
    };
    job::Entity::insert(row)
        .exec_without_returning(txn)
        .await
        .attempt("writing a new job")?;
    for (output, position) in job.outputs.iter().zip(0..) {
        let row = output::ActiveModel {
            id: Set(output.id.0),
            job_id: Set(job.id.0),
            position: Set(position),
            preset: Set(output.preset.name.clone()),
            preset_json: Set(to_json("output", &output.preset)?),
            file_name: Set(output.file_name.clone()),
            ..changing_output(output)?
        };
        output::Entity::insert(row)
            .exec_without_returning(txn)
            .await
            .attempt("writing a new output")?;
    }
    tasks::insert(txn, job, first, now).await?;
    let beginning = Telling::Job {
        state: job.state.name().to_owned(),
    };
    tell::append(txn, job.id, &job.owner, 1, &beginning, now).await
}

/// Reads a job's row and keeps others from it until the transaction ends.
pub(crate) async fn lock<C: ConnectionTrait>(txn: &C, id: JobId) -> Result<job::Model, StoreError> {
    job::Entity::find_by_id(id.0)
        .lock_exclusive()
        .one(txn)
        .await
        .attempt("reading a job")?
        .ok_or_else(|| gone("job", id))
}

/// Locks the rows of jobs, always in the same order: two that do so can't wait for each other. Those that are gone are
/// no matter.
pub(crate) async fn lock_all<C: ConnectionTrait>(
    txn: &C,
    ids: impl IntoIterator<Item = JobId>,
) -> Result<(), StoreError> {
    let ids: BTreeSet<Uuid> = ids.into_iter().map(|id| id.0).collect();
    if ids.len() < 2 {
        return Ok(());
    }
    let locked: Vec<Uuid> = job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::Id.is_in(ids))
        .order_by_asc(job::Column::Id)
        .lock_exclusive()
        .into_tuple()
        .all(txn)
        .await
        .attempt("locking jobs")?;
    tracing::trace!(jobs = locked.len(), "locked");
    Ok(())
}

fn gone(what: &'static str, id: JobId) -> StoreError {
    StoreError::NotFound {
        what,
        id: id.to_string(),
    }
}

/// Loads the rest of a job: its source and outputs. `expire_after_s` stands in when the job says nothing.
pub(crate) async fn load<C: ConnectionTrait>(
    db: &C,
    row: job::Model,
    expire_after_s: Option<u64>,
) -> Result<Loaded, StoreError> {
    let outputs = output::Entity::find()
        .filter(output::Column::JobId.eq(row.id))
        .order_by_asc(output::Column::Position)
        .all(db)
        .await
        .attempt("reading a job's outputs")?;
    let source = source::Entity::find_by_id(row.source_id)
        .one(db)
        .await
        .attempt("reading a source")?
        .ok_or_else(|| gone("source of job", JobId(row.id)))?;
    let mut job = from_rows(&row, outputs, &source)?;
    job.expire_after_s = job.expire_after_s.or(expire_after_s);
    Ok(Loaded {
        job,
        version: row.version,
        event_seq: row.event_seq,
    })
}

/// A job from its rows; `outputs` in the order asked.
pub(crate) fn from_rows(
    row: &job::Model,
    outputs: Vec<output::Model>,
    source: &source::Model,
) -> Result<Job, StoreError> {
    Ok(Job {
        id: JobId(row.id),
        owner: row.owner.clone(),
        name: row.name.clone(),
        source: SourceId(row.source_id),
        input: Input {
            key: source.object_key.clone(),
            bytes: size(source.bytes),
        },
        media: source
            .media_json
            .as_deref()
            .map(|m| from_json("source", &source.id, m))
            .transpose()?,
        outputs: outputs
            .into_iter()
            .map(output_from_row)
            .collect::<Result<_, _>>()?,
        priority: u8::try_from(row.priority).unwrap_or(9),
        paused: row.paused,
        strict: row.strict,
        expire_after_s: row.expire_after_s.map(size),
        state: from_json("job", &row.id, &row.state_json)?,
        warnings: from_json("job", &row.id, &row.warnings_json)?,
    })
}

fn output_from_row(row: output::Model) -> Result<Output, StoreError> {
    Ok(Output {
        id: OutputId(row.id),
        preset: from_json("output", &row.id, &row.preset_json)?,
        state: from_json("output", &row.id, &row.state_json)?,
        planned: row
            .planned_json
            .as_deref()
            .map(|p| from_json("output", &row.id, p))
            .transpose()?,
        file_name: row.file_name,
        failures: count(row.failures),
    })
}

fn changing(job: &Job) -> Result<job::ActiveModel, StoreError> {
    let finished_at = match &job.state {
        JobState::Ended { finished_at, .. } => Some(finished_at.0),
        _ => None,
    };
    let published = |o: &Output| matches!(o.state, OutputState::Published(_));
    let published = job.outputs.iter().any(published);
    Ok(job::ActiveModel {
        name: Set(job.name.clone()),
        state: Set(job.state.name().to_owned()),
        state_json: Set(to_json("job", &job.state)?),
        priority: Set(i16::from(job.priority)),
        paused: Set(job.paused),
        warnings_json: Set(to_json("job", &job.warnings)?),
        started_at: Set(job.state.started_at().map(|t| t.0)),
        finished_at: Set(finished_at),
        holds_outputs: Set(finished_at.is_none() || published),
        ..job::ActiveModel::default()
    })
}

fn changing_output(output: &Output) -> Result<output::ActiveModel, StoreError> {
    let expires_at = match &output.state {
        OutputState::Published(p) => p.expires_at.map(|t| t.0),
        _ => None,
    };
    Ok(output::ActiveModel {
        state: Set(output.state.name().to_owned()),
        state_json: Set(to_json("output", &output.state)?),
        planned_json: Set(output.planned.map(|p| to_json("output", &p)).transpose()?),
        failures: Set(int(output.failures)),
        expires_at: Set(expires_at),
        ..output::ActiveModel::default()
    })
}

/// Writes what changed between `before` and `job`, unless somebody wrote the job since it was loaded.
pub(crate) async fn save<C: ConnectionTrait>(
    txn: &C,
    before: &Loaded,
    job: &Job,
    event_seq: i64,
) -> Result<(), StoreError> {
    if *job == before.job && event_seq == before.event_seq {
        return Ok(());
    }
    let mut row = changing(job)?;
    row.version = Set(before.version + 1);
    row.event_seq = Set(event_seq);
    let written = job::Entity::update_many()
        .set(row)
        .filter(job::Column::Id.eq(job.id.0))
        .filter(job::Column::Version.eq(before.version))
        .exec(txn)
        .await
        .attempt("writing a job")?;
    if written.rows_affected == 0 {
        return Err(StoreError::Conflict {
            attempt: "writing a job",
            what: "job",
        });
    }
    for (output, was) in job.outputs.iter().zip(&before.job.outputs) {
        if output != was {
            output::Entity::update_many()
                .set(changing_output(output)?)
                .filter(output::Column::Id.eq(output.id.0))
                .exec(txn)
                .await
                .attempt("writing an output")?;
        }
    }
    if (job.priority, job.paused) != (before.job.priority, before.job.paused) {
        reorder(txn, job).await?;
    }
    match (&before.job.state, &job.state) {
        (JobState::Ended { .. }, _) => Ok(()),
        (_, JobState::Ended { .. }) => ended::count(txn, job.state.name(), 1).await,
        _ => Ok(()),
    }
}

/// Copies the job's place in the queue to its tasks that are still to be released.
async fn reorder<C: ConnectionTrait>(txn: &C, job: &Job) -> Result<(), StoreError> {
    let row = task::ActiveModel {
        priority: Set(i16::from(job.priority)),
        paused: Set(job.paused),
        ..task::ActiveModel::default()
    };
    task::Entity::update_many()
        .set(row)
        .filter(task::Column::JobId.eq(job.id.0))
        .filter(task::Column::State.is_in(["waiting", "ready", "dispatched", "running"]))
        .exec(txn)
        .await
        .attempt("writing the place of a job's tasks")
        .map(|_| ())
}
