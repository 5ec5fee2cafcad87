//! What workers run.

use crate::{StoreError, entity::task, error::Attempt};
use reelmill_domain::id::{JobId, OutputId, RunId, TaskId, WorkerId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

/// A running task.
#[derive(Debug, Clone, PartialEq)]
pub struct Running {
    /// On this worker.
    pub worker: WorkerId,
    /// This task.
    pub task: TaskId,
    /// In this run.
    pub run: RunId,
    /// Of this kind.
    pub kind: String,
    /// Of this job.
    pub job: JobId,
    /// For this output.
    pub output: Option<OutputId>,
}

/// Every running task.
pub async fn running<C: ConnectionTrait>(db: &C) -> Result<Vec<Running>, StoreError> {
    type Row = (Option<Uuid>, Uuid, Option<Uuid>, String, Uuid, Option<Uuid>);
    let rows: Vec<Row> = task::Entity::find()
        .select_only()
        .columns([
            task::Column::WorkerId,
            task::Column::Id,
            task::Column::RunId,
            task::Column::Kind,
            task::Column::JobId,
            task::Column::OutputId,
        ])
        .filter(task::Column::State.eq("running"))
        .into_tuple()
        .all(db)
        .await
        .attempt("reading running tasks")?;
    let running = rows
        .into_iter()
        .filter_map(|(worker, task, run, kind, job, output)| {
            Some(Running {
                worker: WorkerId(worker?),
                task: TaskId(task),
                run: RunId(run?),
                kind,
                job: JobId(job),
                output: output.map(OutputId),
            })
        });
    Ok(running.collect())
}
