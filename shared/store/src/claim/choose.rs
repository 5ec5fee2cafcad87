//! From whose turn it is to which tasks: the longest tasks of a job first, then its workers finish together.

use super::{
    backlog::{Busy, Waiting},
    pick::pick,
};
use crate::{StoreError, entity::task, error::Attempt};
use reelmill_domain::{
    id::{JobId, TaskId},
    lane::Lane,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The tasks to be released, job by job in the order of their turn. How many a job has is found out only when it has its
/// turn: then the turns are dealt again.
pub(super) async fn choose<C: ConnectionTrait>(
    txn: &C,
    lane: &Lane,
    mut waiting: Vec<Waiting>,
    busy: &Busy,
    capacity: u64,
) -> Result<Vec<(JobId, Vec<TaskId>)>, StoreError> {
    let mut known: BTreeMap<JobId, Vec<TaskId>> = BTreeMap::new();
    loop {
        let picked = pick(&waiting, busy, capacity);
        let mut fewer = false;
        for (job, n) in &picked {
            if known.get(job).is_some_and(|tasks| tasks.len() as u64 >= *n) {
                continue;
            }
            let tasks = longest(txn, lane, *job, *n).await?;
            let there = tasks.len() as u64;
            known.insert(*job, tasks);
            if there < *n {
                fewer = true;
                let mine = waiting.iter_mut().filter(|w| w.job == *job);
                mine.for_each(|w| w.ready = there);
            }
        }
        if !fewer {
            let tasks = |(job, n)| {
                let mut tasks = known.remove(&job).unwrap_or_default();
                tasks.truncate(usize::try_from(n).unwrap_or(usize::MAX));
                (job, tasks)
            };
            return Ok(picked.into_iter().map(tasks).collect());
        }
    }
}

async fn longest<C: ConnectionTrait>(
    txn: &C,
    lane: &Lane,
    job: JobId,
    n: u64,
) -> Result<Vec<TaskId>, StoreError> {
    let ids: Vec<Uuid> = task::Entity::find()
        .select_only()
        .column(task::Column::Id)
        .filter(task::Column::JobId.eq(job.0))
        .filter(task::Column::State.eq("ready"))
        .filter(task::Column::Lane.eq(lane.0.as_str()))
        .order_by_desc(task::Column::CostS)
        .order_by_asc(task::Column::Id)
        .limit(n)
        .into_tuple()
        .all(txn)
        .await
        .attempt("reading ready tasks")?;
    Ok(ids.into_iter().map(TaskId).collect())
}
