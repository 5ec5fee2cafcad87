//! One event, one transaction: load, transition, effects, compare-and-set. Every change of a job goes through here.

use crate::{
    AfterCommit, Store, StoreError,
    effects::{Scene, carry_out},
    jobs, now, tasks,
};
use reelmill_domain::{
    event::{JobEvent, TaskEvent},
    id::{JobId, TaskId},
    job::{Context, transition},
    spec::SourceLimits,
    task::Task,
    time::Timestamp,
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

/// The installation's rules, as transitions need them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// Attempts of a task that may end in an error of their own, at least 1.
    pub max_attempts: u32,
    /// What sources may be at most.
    pub limits: SourceLimits,
    /// Processors that an encode may use, at least 1.
    pub cores: u16,
    /// How long published outputs stay when their job doesn't say; absent: for ever.
    pub expire_after_s: Option<u64>,
}

/// Builds a task's event from the task as loaded and the database's time, in the transaction. `None`: nothing to do.
pub type MakeTaskEvent<'a> = &'a (dyn Fn(&Task, Timestamp) -> Option<TaskEvent> + Send + Sync);

/// What happens to a job.
#[derive(Clone)]
pub enum Change<'a> {
    /// To the job itself. Not for [`JobEvent::Task`]: that needs the task loaded with it.
    Job(JobEvent),
    /// To one of its tasks.
    Task(TaskId, MakeTaskEvent<'a>),
}

/// Applies a change to a job in a transaction of its own, again on conflict.
///
/// # Errors
/// [`StoreError::NotFound`] when job or task are gone; [`StoreError::Conflict`] when others kept being first.
pub async fn apply(
    store: &Store,
    job: JobId,
    change: Change<'_>,
    policy: &Policy,
) -> Result<Vec<AfterCommit>, StoreError> {
    let change = &change;
    store
        .transact_repeatable(
            |txn| async move { apply_in(&*txn, job, change.clone(), policy).await },
        )
        .await
}

/// Applies a change to a job inside a transaction of the caller's.
pub async fn apply_in<C: ConnectionTrait>(
    txn: &C,
    job: JobId,
    change: Change<'_>,
    policy: &Policy,
) -> Result<Vec<AfterCommit>, StoreError> {
    // The job's row first, and locked: whatever else happens to this job waits here, not half way through.
    let row = jobs::lock(txn, job).await?;
    let now = now(txn).await?;
    let (event, task) = match change {
        Change::Job(event) => (event, None),
        Change::Task(id, make) => {
            let task = tasks::lock(txn, id).await?;
            if task.task.job != job {
                return Err(StoreError::NotFound {
                    what: "task of that job",
                    id: id.to_string(),
                });
            }
            match make(&task.task, now) {
                Some(what) => (
                    JobEvent::Task {
                        task: Box::new(task.task.clone()),
                        what,
                    },
                    Some(task),
                ),
                None => return Ok(Vec::new()),
            }
        }
    };
    let before = jobs::load(txn, row, policy.expire_after_s).await?;
    let (after, effects) = {
        let mut new_task = || TaskId(Uuid::now_v7());
        let mut context = Context {
            now,
            new_task: &mut new_task,
            max_attempts: policy.max_attempts,
            limits: policy.limits,
            cores: policy.cores.max(1),
        };
        transition(before.job.clone(), event, &mut context)
    };
    carry_out(
        txn,
        &Scene {
            before: &before,
            job: &after,
            task: task.as_ref(),
            now,
        },
        effects,
    )
    .await
}
