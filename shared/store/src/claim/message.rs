//! The message of a claimed task: its spec, and what the tasks it needed have made.

use crate::{
    StoreError,
    convert::from_json,
    entity::{task, task_need},
    error::Attempt,
};
use reelmill_domain::{
    event::TaskResult,
    task::Task,
    wire::{SCHEMA, TaskMessage},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    RelationTrait,
};

pub(super) async fn build<C: ConnectionTrait>(
    txn: &C,
    task: Task,
) -> Result<TaskMessage, StoreError> {
    let results: Vec<Option<String>> = task_need::Entity::find()
        .select_only()
        .column(task::Column::ResultJson)
        .join(JoinType::InnerJoin, task_need::Relation::Need.def())
        .filter(task_need::Column::TaskId.eq(task.id.0))
        .order_by_asc(task_need::Column::Position)
        .into_tuple()
        .all(txn)
        .await
        .attempt("reading the parts of a task")?;
    let mut parts = Vec::with_capacity(results.len());
    for result in results.into_iter().flatten() {
        if let TaskResult::Encoded { part } = from_json("task", &task.id, &result)? {
            parts.push(part);
        }
    }
    Ok(TaskMessage {
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
        trace: None,
    })
}
