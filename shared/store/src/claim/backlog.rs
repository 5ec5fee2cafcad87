//! What waits in a lane and what of each job and owner is released already. Reads no more than a claim can need, however
//! many tasks wait: that is bounded by the room there is, not by the backlog.

use crate::{StoreError, entity::task, error::Attempt};
use reelmill_domain::{id::JobId, lane::Lane};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A job with ready tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waiting {
    pub job: JobId,
    pub owner: String,
    /// When its first ready task became so.
    pub since: i64,
    /// How many there are at most.
    pub ready: u64,
}

/// What is released of each job and owner.
#[derive(Debug, Clone, Default)]
pub(super) struct Busy {
    pub jobs: BTreeMap<JobId, u64>,
    pub owners: BTreeMap<String, u64>,
}

impl Busy {
    /// Counts one more.
    pub fn add(&mut self, job: JobId, owner: &str, n: u64) {
        *self.jobs.entry(job).or_default() += n;
        *self.owners.entry(owner.to_owned()).or_default() += n;
    }

    /// Reads it.
    pub async fn read<C: ConnectionTrait>(txn: &C, lane: &Lane) -> Result<Self, StoreError> {
        let rows: Vec<(Uuid, String, i64)> = task::Entity::find()
            .select_only()
            .columns([task::Column::JobId, task::Column::Owner])
            .column_as(task::Column::Id.count(), "n")
            .filter(task::Column::State.is_in(["dispatched", "running"]))
            .filter(task::Column::Lane.eq(lane.0.as_str()))
            .group_by(task::Column::JobId)
            .group_by(task::Column::Owner)
            .into_tuple()
            .all(txn)
            .await
            .attempt("reading what is released")?;
        let mut busy = Self::default();
        for (job, owner, n) in rows {
            busy.add(JobId(job), &owner, u64::try_from(n).unwrap_or(0));
        }
        Ok(busy)
    }
}

/// The tasks that are ready in a lane, by the leading columns of the index that every question here is answered from.
fn ready(lane: &Lane) -> Select<task::Entity> {
    task::Entity::find()
        .select_only()
        .filter(task::Column::State.eq("ready"))
        .filter(task::Column::Lane.eq(lane.0.as_str()))
        .filter(task::Column::Paused.eq(false))
}

/// The priorities of what is ready, the highest first.
pub(super) async fn priorities<C: ConnectionTrait>(
    txn: &C,
    lane: &Lane,
) -> Result<Vec<i16>, StoreError> {
    let mut priorities: Vec<i16> = ready(lane)
        .column(task::Column::Priority)
        .distinct()
        .into_tuple()
        .all(txn)
        .await
        .attempt("reading the priorities of what is ready")?;
    priorities.sort_unstable_by(|a, b| b.cmp(a));
    Ok(priorities)
}

/// The jobs of one priority among which `capacity` tasks are to be chosen: of the owners with the fewest tasks released
/// the oldest jobs, so many that those with the fewest tasks released are among them. Jobs in `skip` are left out.
pub(super) async fn level<C: ConnectionTrait>(
    txn: &C,
    lane: &Lane,
    priority: i16,
    capacity: u64,
    busy: &Busy,
    skip: &BTreeSet<JobId>,
) -> Result<Vec<Waiting>, StoreError> {
    let level = || ready(lane).filter(task::Column::Priority.eq(priority));
    // Ids of jobs grow with time: the smallest is the oldest.
    let mut owners: Vec<(String, Uuid)> = level()
        .column(task::Column::Owner)
        .column_as(task::Column::JobId.min(), "oldest")
        .group_by(task::Column::Owner)
        .into_tuple()
        .all(txn)
        .await
        .attempt("reading who waits")?;
    let released = |owner: &str| busy.owners.get(owner).copied().unwrap_or(0);
    owners.sort_by_key(|(owner, oldest)| (released(owner), *oldest));
    let jobs = capacity + busy.jobs.len() as u64 + skip.len() as u64;
    let mut waiting = Vec::new();
    let owners = owners.into_iter().map(|(owner, _)| owner);
    for owner in owners.take(usize::try_from(capacity).unwrap_or(usize::MAX)) {
        let rows: Vec<(Uuid, Option<i64>)> = level()
            .column(task::Column::JobId)
            .column_as(task::Column::ReadyAt.min(), "since")
            .filter(task::Column::Owner.eq(owner.as_str()))
            .group_by(task::Column::JobId)
            .order_by_asc(task::Column::JobId)
            .limit(jobs)
            .into_tuple()
            .all(txn)
            .await
            .attempt("reading what is ready")?;
        let jobs = rows.into_iter().map(|(job, since)| Waiting {
            job: JobId(job),
            owner: owner.clone(),
            since: since.unwrap_or(0),
            ready: u64::MAX,
        });
        waiting.extend(jobs.filter(|w| !skip.contains(&w.job)));
    }
    Ok(waiting)
}
