//! Figures of the whole service.

use crate::{
    StoreError,
    convert::size,
    ended,
    entity::{job, task},
    error::Attempt,
};
use reelmill_domain::lane::Lane;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use std::collections::BTreeMap;

/// The states of jobs that have not ended.
const OPEN_JOBS: [&str; 4] = ["queued", "probing", "encoding", "finishing"];
/// The states of tasks that have not ended.
const OPEN: [&str; 4] = ["waiting", "ready", "dispatched", "running"];

/// What is going on in a lane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LaneCount {
    /// To be released.
    pub ready: u64,
    /// Released or running.
    pub busy: u64,
}

/// Jobs by state. Open ones are counted; ended ones were, when they ended.
pub async fn jobs_by_state<C: ConnectionTrait>(
    db: &C,
) -> Result<BTreeMap<String, u64>, StoreError> {
    let rows: Vec<(String, i64)> = job::Entity::find()
        .select_only()
        .column(job::Column::State)
        .column_as(job::Column::Id.count(), "n")
        .filter(job::Column::State.is_in(OPEN_JOBS))
        .group_by(job::Column::State)
        .into_tuple()
        .all(db)
        .await
        .attempt("counting jobs")?;
    let mut jobs = ended::counts(db).await?;
    jobs.extend(rows.into_iter().map(|(state, n)| (state, size(n))));
    Ok(jobs)
}

/// Tasks that have not ended, by state.
pub async fn tasks_by_state<C: ConnectionTrait>(
    db: &C,
) -> Result<BTreeMap<String, u64>, StoreError> {
    let mut states = BTreeMap::new();
    for (_, state, n) in open(db).await? {
        *states.entry(state).or_default() += n;
    }
    Ok(states)
}

/// Lanes with tasks that have not ended.
pub async fn lanes<C: ConnectionTrait>(db: &C) -> Result<BTreeMap<Lane, LaneCount>, StoreError> {
    let mut lanes: BTreeMap<Lane, LaneCount> = BTreeMap::new();
    for (lane, state, n) in open(db).await? {
        let count = lanes.entry(Lane(lane)).or_default();
        match state.as_str() {
            "ready" => count.ready += n,
            "dispatched" | "running" => count.busy += n,
            _ => {}
        }
    }
    Ok(lanes)
}

async fn open<C: ConnectionTrait>(db: &C) -> Result<Vec<(String, String, u64)>, StoreError> {
    let rows: Vec<(String, String, i64)> = task::Entity::find()
        .select_only()
        .columns([task::Column::Lane, task::Column::State])
        .column_as(task::Column::Id.count(), "n")
        .filter(task::Column::State.is_in(OPEN))
        .group_by(task::Column::State)
        .group_by(task::Column::Lane)
        .into_tuple()
        .all(db)
        .await
        .attempt("counting tasks")?;
    Ok(rows
        .into_iter()
        .map(|(lane, state, n)| (lane, state, size(n)))
        .collect())
}
