//! The message of a claimed task: its spec, and what the tasks it needed have made.

use crate::{
    StoreError,
    convert::from_json,
    entity::{job, task, task_need},
    error::Attempt,
};
use reelmill_domain::{
    event::{Part, TaskResult},
    id::{JobId, TaskId},
    task::Task,
    wire::{SCHEMA, TaskMessage, Traceparent},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    RelationTrait,
};

/// What a task needs of other rows. Read before the task is claimed, since it may not be readable.
pub(super) struct Surroundings {
    parts: Vec<Part>,
    trace: Option<Traceparent>,
}

impl Surroundings {
    /// Those of a job's first task.
    pub fn of_first(trace: Option<&Traceparent>) -> Self {
        Self {
            parts: Vec::new(),
            trace: trace.cloned(),
        }
    }
}

/// Reads it.
pub(super) async fn read<C: ConnectionTrait>(
    txn: &C,
    job: JobId,
    task: TaskId,
) -> Result<Surroundings, StoreError> {
    let results: Vec<Option<String>> = task_need::Entity::find()
        .select_only()
        .column(task::Column::ResultJson)
        .join(JoinType::InnerJoin, task_need::Relation::Need.def())
        .filter(task_need::Column::TaskId.eq(task.0))
        .order_by_asc(task_need::Column::Position)
        .into_tuple()
        .all(txn)
        .await
        .attempt("reading the parts of a task")?;
    let mut parts = Vec::with_capacity(results.len());
    for result in results.into_iter().flatten() {
        if let TaskResult::Encoded { part } = from_json("task", &task, &result)? {
            parts.push(part);
        }
    }
    let trace: Option<Option<String>> = job::Entity::find_by_id(job.0)
        .select_only()
        .column(job::Column::Trace)
        .into_tuple()
        .one(txn)
        .await
        .attempt("reading a job's trace")?;
    Ok(Surroundings {
        parts,
        trace: trace.flatten().as_deref().and_then(Traceparent::parse),
    })
}

/// The message of a task that was claimed.
pub(super) fn build(task: Task, Surroundings { parts, trace }: Surroundings) -> TaskMessage {
    TaskMessage {
        schema: SCHEMA,
        task: task.id,
        attempt: task.attempt,
        job: task.job,
        output: task.output,
        alone: task.must_run_alone(),
        lane: task.lane,
        spec: task.spec,
        parts,
        avoid: task.avoid,
        trace,
    }
}
