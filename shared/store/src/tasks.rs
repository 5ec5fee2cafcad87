//! Tasks between rows and the domain. `needs` are written once and never loaded here: a task may have thousands.

use crate::{
    StoreError,
    convert::{count, from_json, int, lacks, long, to_json},
    entity::{task, task_need},
    error::Attempt,
};
use reelmill_domain::{
    event::TaskResult,
    id::{JobId, OutputId, RunId, TaskId, WorkerId},
    job::Job,
    lane::Lane,
    task::{Task, TaskState},
    time::Timestamp,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect,
};

/// Rows in one `INSERT`: below SQLite's 32,766 and MySQL's 65,535 variables.
const BATCH: usize = 500;
/// Bytes of specs in one `INSERT`, but for a single larger one: below the 16 MiB that servers take by default.
const BATCH_BYTES: usize = 4 << 20;

/// A task with what guards its next write.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    pub task: Task,
    pub version: i64,
    pub until: Option<i64>,
}

/// Loads a task, without its needs.
pub(crate) async fn load<C: ConnectionTrait>(db: &C, id: TaskId) -> Result<Loaded, StoreError> {
    found(id, task::Entity::find_by_id(id.0).one(db).await)
}

/// As [`load`], and keeps others, renewals included, from the task until the transaction ends.
pub(crate) async fn lock<C: ConnectionTrait>(txn: &C, id: TaskId) -> Result<Loaded, StoreError> {
    let row = task::Entity::find_by_id(id.0).lock_exclusive().one(txn);
    found(id, row.await)
}

fn found(id: TaskId, row: Result<Option<task::Model>, DbErr>) -> Result<Loaded, StoreError> {
    let row = row.attempt("reading a task")?;
    from_row(row.ok_or_else(|| StoreError::NotFound {
        what: "task",
        id: id.to_string(),
    })?)
}

pub(crate) fn from_row(row: task::Model) -> Result<Loaded, StoreError> {
    Ok(Loaded {
        version: row.version,
        until: row.until,
        task: Task {
            id: TaskId(row.id),
            job: JobId(row.job_id),
            output: row.output_id.map(OutputId),
            lane: Lane(row.lane.clone()),
            spec: from_json("task", &row.id, &row.spec_json)?,
            cost_s: row.cost_s,
            needs: Vec::new(),
            state: state_of(&row)?,
            attempt: count(row.attempt),
            failures: count(row.failures),
            losses: count(row.losses),
            avoid: row.avoid.map(WorkerId),
        },
    })
}

fn state_of(row: &task::Model) -> Result<TaskState, StoreError> {
    let run = || {
        row.run_id
            .map(RunId)
            .ok_or_else(|| lacks("task", &row.id, "run_id"))
    };
    let until = || {
        row.until
            .map(Timestamp)
            .ok_or_else(|| lacks("task", &row.id, "until"))
    };
    Ok(match row.state.as_str() {
        "waiting" => TaskState::Waiting {
            on: count(row.waiting_on),
        },
        "ready" => TaskState::Ready,
        "dispatched" => TaskState::Dispatched { until: until()? },
        "running" => TaskState::Running {
            run: run()?,
            worker: row
                .worker_id
                .map(WorkerId)
                .ok_or_else(|| lacks("task", &row.id, "worker_id"))?,
            lease_until: until()?,
        },
        "succeeded" => {
            let result = row
                .result_json
                .as_deref()
                .ok_or_else(|| lacks("task", &row.id, "result_json"))?;
            TaskState::Succeeded {
                run: run()?,
                result: from_json("task", &row.id, result)?,
            }
        }
        "failed" => {
            let failure = row
                .failure_json
                .as_deref()
                .ok_or_else(|| lacks("task", &row.id, "failure_json"))?;
            TaskState::Failed {
                failure: from_json("task", &row.id, failure)?,
            }
        }
        "cancelled" => TaskState::Cancelled,
        other => {
            let cause = format!("unknown state `{other}`");
            return Err(StoreError::Unreadable {
                what: "task",
                id: row.id.to_string(),
                cause,
            });
        }
    })
}

/// The columns that change in a task's life.
fn changing(task: &Task, now: Timestamp) -> Result<task::ActiveModel, StoreError> {
    let mut row = task::ActiveModel {
        state: Set(task.state.name().to_owned()),
        waiting_on: Set(0),
        attempt: Set(int(task.attempt)),
        failures: Set(int(task.failures)),
        losses: Set(int(task.losses)),
        avoid: Set(task.avoid.map(|w| w.0)),
        run_id: Set(None),
        worker_id: Set(None),
        until: Set(None),
        ..task::ActiveModel::default()
    };
    match &task.state {
        TaskState::Waiting { on } => row.waiting_on = Set(int(*on)),
        TaskState::Ready => row.ready_at = Set(Some(now.0)),
        TaskState::Dispatched { until } => row.until = Set(Some(until.0)),
        TaskState::Running {
            run,
            worker,
            lease_until,
        } => {
            row.run_id = Set(Some(run.0));
            row.worker_id = Set(Some(worker.0));
            row.until = Set(Some(lease_until.0));
        }
        TaskState::Succeeded { run, result } => {
            row.run_id = Set(Some(run.0));
            row.result_json = Set(Some(to_json("task", result)?));
            if let TaskResult::Encoded { part } = result {
                row.frames = Set(long(part.frames));
            }
        }
        TaskState::Failed { failure } => row.failure_json = Set(Some(to_json("task", failure)?)),
        TaskState::Cancelled => {}
    }
    Ok(row)
}

/// Writes a task that was loaded, unless somebody (a renewal included) changed it since.
pub(crate) async fn save<C: ConnectionTrait>(
    txn: &C,
    task: &Task,
    before: &Loaded,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut row = changing(task, now)?;
    row.version = Set(before.version + 1);
    let same_until = match before.until {
        Some(until) => task::Column::Until.eq(until),
        None => task::Column::Until.is_null(),
    };
    let written = task::Entity::update_many()
        .set(row)
        .filter(task::Column::Id.eq(task.id.0))
        .filter(task::Column::Version.eq(before.version))
        .filter(same_until)
        .exec(txn)
        .await
        .attempt("writing a task")?;
    match written.rows_affected {
        0 => Err(StoreError::Conflict {
            attempt: "writing a task",
            what: "task",
        }),
        _ => Ok(()),
    }
}

/// Writes new tasks of a job, with their needs.
pub(crate) async fn insert<C: ConnectionTrait>(
    txn: &C,
    job: &Job,
    tasks: &[Task],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    for task in tasks {
        let spec = to_json("task", &task.spec)?;
        if batch.len() == BATCH || (bytes + spec.len() > BATCH_BYTES && !batch.is_empty()) {
            insert_rows(txn, std::mem::take(&mut batch)).await?;
            bytes = 0;
        }
        bytes += spec.len();
        batch.push(new_row(job, task, spec, now)?);
    }
    if !batch.is_empty() {
        insert_rows(txn, batch).await?;
    }
    let needs = tasks.iter().flat_map(|t| {
        t.needs
            .iter()
            .zip(0..)
            .map(|(need, position)| task_need::ActiveModel {
                task_id: Set(t.id.0),
                position: Set(position),
                need_id: Set(need.0),
            })
    });
    let needs: Vec<_> = needs.collect();
    for batch in needs.chunks(BATCH) {
        task_need::Entity::insert_many(batch.iter().cloned())
            .exec_without_returning(txn)
            .await
            .attempt("writing what new tasks need")?;
    }
    Ok(())
}

async fn insert_rows<C: ConnectionTrait>(
    txn: &C,
    rows: Vec<task::ActiveModel>,
) -> Result<(), StoreError> {
    task::Entity::insert_many(rows)
        .exec_without_returning(txn)
        .await
        .attempt("writing new tasks")
        .map(|_| ())
}

fn new_row(
    job: &Job,
    task: &Task,
    spec_json: String,
    now: Timestamp,
) -> Result<task::ActiveModel, StoreError> {
    let ready_at = matches!(task.state, TaskState::Ready).then_some(now.0);
    Ok(task::ActiveModel {
        id: Set(task.id.0),
        job_id: Set(job.id.0),
        output_id: Set(task.output.map(|o| o.0)),
        owner: Set(job.owner.clone()),
        kind: Set(task.spec.kind().to_owned()),
        lane: Set(task.lane.0.clone()),
        spec_json: Set(spec_json),
        cost_s: Set(task.cost_s),
        result_json: Set(None),
        failure_json: Set(None),
        frames: Set(0),
        priority: Set(i16::from(job.priority)),
        paused: Set(job.paused),
        version: Set(0),
        created_at: Set(now.0),
        ready_at: Set(ready_at),
        ..changing(task, now)?
    })
}
