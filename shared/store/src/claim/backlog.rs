//! What waits in a lane, per job, and what of each job and owner is released already.

use crate::{StoreError, entity::task, error::Attempt};
use reelmill_domain::{id::JobId, lane::Lane};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A job with ready tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waiting {
    pub job: JobId,
    pub owner: String,
    pub priority: i16,
    pub since: i64,
    pub ready: u64,
}

/// A lane's backlog.
#[derive(Debug, Clone, Default)]
pub(super) struct Backlog {
    pub waiting: Vec<Waiting>,
    pub busy_jobs: BTreeMap<JobId, u64>,
    pub busy_owners: BTreeMap<String, u64>,
}

impl Backlog {
    /// The highest priority that is ready.
    pub fn best_priority(&self) -> Option<i16> {
        self.waiting.iter().map(|w| w.priority).max()
    }
}

/// Reads it.
pub(super) async fn read<C: ConnectionTrait>(txn: &C, lane: &Lane) -> Result<Backlog, StoreError> {
    let rows: Vec<(Uuid, String, i16, Option<i64>, i64)> = task::Entity::find()
        .select_only()
        .columns([task::Column::JobId, task::Column::Owner])
        .column_as(task::Column::Priority.max(), "p")
        .column_as(task::Column::ReadyAt.min(), "since")
        .column_as(task::Column::Id.count(), "n")
        .filter(task::Column::Lane.eq(lane.0.as_str()))
        .filter(task::Column::State.eq("ready"))
        .filter(task::Column::Paused.eq(false))
        .group_by(task::Column::JobId)
        .group_by(task::Column::Owner)
        .into_tuple()
        .all(txn)
        .await
        .attempt("reading what is ready")?;
    let waiting = rows
        .into_iter()
        .map(|(job, owner, priority, since, n)| Waiting {
            job: JobId(job),
            owner,
            priority,
            since: since.unwrap_or(0),
            ready: u64::try_from(n).unwrap_or(0),
        })
        .collect();
    let busy: Vec<(Uuid, String, i64)> = task::Entity::find()
        .select_only()
        .columns([task::Column::JobId, task::Column::Owner])
        .column_as(task::Column::Id.count(), "n")
        .filter(task::Column::Lane.eq(lane.0.as_str()))
        .filter(task::Column::State.is_in(["dispatched", "running"]))
        .group_by(task::Column::JobId)
        .group_by(task::Column::Owner)
        .into_tuple()
        .all(txn)
        .await
        .attempt("reading what is released")?;
    let mut backlog = Backlog {
        waiting,
        ..Backlog::default()
    };
    for (job, owner, n) in busy {
        let n = u64::try_from(n).unwrap_or(0);
        *backlog.busy_jobs.entry(JobId(job)).or_default() += n;
        *backlog.busy_owners.entry(owner).or_default() += n;
    }
    Ok(backlog)
}
