//! What waits in a lane and what of each job and owner is released already. Reads no more than a claim can need, however
//! many tasks wait: that is bounded by the room there is, not by the backlog.

use crate::{StoreError, entity::task, error::Attempt};
use reelmill_domain::{id::JobId, lane::Lane};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select,
    sea_query::extension::mysql::{IndexHintScope, MySqlSelectStatementExt},
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The index of `m0002`; no later migration may drop it, nor any other that a query of ours insists on.
const INDEX: &str = "ix_tasks_state_lane_paused_priority_owner_job_id_ready_at";
/// Owners that are looked up one by one, which reads nothing else; the others come with one query.
const WALKED: usize = 8;
/// Owners beside them among whom one claim is fair: those whose jobs have waited longest.
const MOST_OWNERS: u64 = 1_000;
/// Ready tasks that are looked at before a look for the next job.
const SLICE: u64 = 200;

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

/// Somebody with ready tasks.
#[derive(Debug)]
struct Owner {
    name: String,
    /// His oldest job, once that is known.
    oldest: Option<Uuid>,
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

/// The priorities of what is ready, the highest first. One look into the index for each: `DISTINCT` reads all of it.
pub(super) async fn priorities<C: ConnectionTrait>(
    txn: &C,
    lane: &Lane,
) -> Result<Vec<i16>, StoreError> {
    let mut priorities = Vec::new();
    loop {
        let mut next = ready(lane).column_as(task::Column::Priority.max(), "next");
        if let Some(last) = priorities.last() {
            next = next.filter(task::Column::Priority.lt(*last));
        }
        let next: Option<Option<i16>> = next
            .into_tuple()
            .one(txn)
            .await
            .attempt("reading the priorities of what is ready")?;
        match next.flatten() {
            Some(priority) => priorities.push(priority),
            None => return Ok(priorities),
        }
    }
}

/// Whether anything is ready in a lane.
pub(super) async fn is_something_ready<C: ConnectionTrait>(
    txn: &C,
    lane: &Lane,
) -> Result<bool, StoreError> {
    let first: Option<Uuid> = ready(lane)
        .column(task::Column::Id)
        .into_tuple()
        .one(txn)
        .await
        .attempt("looking whether something is ready")?;
    Ok(first.is_some())
}

/// What is asked for among the ready tasks of one priority.
pub(super) struct Level<'a> {
    pub lane: &'a Lane,
    pub priority: i16,
    /// How many tasks are to be chosen.
    pub capacity: u64,
    pub busy: &'a Busy,
    /// Jobs to be left out.
    pub skip: &'a BTreeSet<JobId>,
}

impl Level<'_> {
    /// The jobs among which to choose: of the owners with the fewest tasks released the oldest jobs, so many that those
    /// with the fewest tasks released are among them.
    pub async fn read<C: ConnectionTrait>(&self, txn: &C) -> Result<Vec<Waiting>, StoreError> {
        let most = usize::try_from(self.capacity).unwrap_or(usize::MAX);
        let mut owners = self.first_owners(txn).await?;
        if let Some(last) = owners.get(WALKED - 1) {
            let others = self.owners_after(txn, &last.name).await?;
            owners.extend(others);
        }
        if owners.len() > most {
            self.oldest_first(txn, &mut owners).await?;
        }
        let mut waiting = Vec::new();
        for owner in owners.into_iter().take(most) {
            waiting.extend(self.jobs(txn, &owner.name).await?);
        }
        Ok(waiting)
    }

    fn ready(&self) -> Select<task::Entity> {
        ready(self.lane).filter(task::Column::Priority.eq(self.priority))
    }

    /// The first owners by name, at most [`WALKED`].
    async fn first_owners<C: ConnectionTrait>(&self, txn: &C) -> Result<Vec<Owner>, StoreError> {
        let mut owners: Vec<Owner> = Vec::new();
        while owners.len() < WALKED {
            let mut next = self.ready().column_as(task::Column::Owner.min(), "next");
            if let Some(last) = owners.last() {
                next = next.filter(task::Column::Owner.gt(last.name.as_str()));
            }
            let next: Option<Option<String>> = next
                .into_tuple()
                .one(txn)
                .await
                .attempt("reading who waits")?;
            match next.flatten() {
                Some(name) => owners.push(Owner { name, oldest: None }),
                None => break,
            }
        }
        Ok(owners)
    }

    /// The owners behind this one by name, with their oldest jobs.
    async fn owners_after<C: ConnectionTrait>(
        &self,
        txn: &C,
        last: &str,
    ) -> Result<Vec<Owner>, StoreError> {
        let rows: Vec<(String, Uuid)> = self
            .ready()
            .column(task::Column::Owner)
            .column_as(task::Column::JobId.min(), "oldest")
            .filter(task::Column::Owner.gt(last))
            // By every column that the index begins with: only then do servers leap from one owner to the next.
            .group_by(task::Column::State)
            .group_by(task::Column::Lane)
            .group_by(task::Column::Paused)
            .group_by(task::Column::Priority)
            .group_by(task::Column::Owner)
            .order_by_asc(task::Column::JobId.min())
            .limit(MOST_OWNERS)
            .into_tuple()
            .all(txn)
            .await
            .attempt("reading who waits")?;
        let owners = rows.into_iter().map(|(name, oldest)| Owner {
            name,
            oldest: Some(oldest),
        });
        Ok(owners.collect())
    }

    /// By what is released, then by the oldest job; ids of jobs grow with time.
    async fn oldest_first<C: ConnectionTrait>(
        &self,
        txn: &C,
        owners: &mut [Owner],
    ) -> Result<(), StoreError> {
        for owner in owners.iter_mut().filter(|owner| owner.oldest.is_none()) {
            let oldest: Option<Option<Uuid>> = self
                .ready()
                .column_as(task::Column::JobId.min(), "oldest")
                .filter(task::Column::Owner.eq(owner.name.as_str()))
                .into_tuple()
                .one(txn)
                .await
                .attempt("reading who waits")?;
            owner.oldest = oldest.flatten();
        }
        let released = |owner: &Owner| self.busy.owners.get(&owner.name).copied();
        owners.sort_by_cached_key(|owner| (released(owner).unwrap_or(0), owner.oldest));
        Ok(())
    }

    async fn jobs<C: ConnectionTrait>(
        &self,
        txn: &C,
        owner: &str,
    ) -> Result<Vec<Waiting>, StoreError> {
        let enough = self.capacity + (self.busy.jobs.len() + self.skip.len()) as u64;
        let mut jobs: BTreeMap<Uuid, i64> = BTreeMap::new();
        while (jobs.len() as u64) < enough {
            let mut next = self
                .ready()
                .columns([task::Column::JobId, task::Column::ReadyAt])
                .filter(task::Column::Owner.eq(owner));
            if let Some((last, _)) = jobs.last_key_value() {
                next = next.filter(task::Column::JobId.gt(*last));
            }
            let mut next = next
                .order_by_asc(task::Column::JobId)
                .order_by_asc(task::Column::ReadyAt)
                .limit(SLICE);
            // Otherwise MariaDB may begin at the owner's first job again.
            QueryTrait::query(&mut next).force_index(INDEX, IndexHintScope::All);
            let rows: Vec<(Uuid, Option<i64>)> = next
                .into_tuple()
                .all(txn)
                .await
                .attempt("reading what is ready")?;
            for (job, since) in &rows {
                jobs.entry(*job).or_insert(since.unwrap_or(0));
            }
            if (rows.len() as u64) < SLICE {
                break;
            }
        }
        let waiting = jobs.into_iter().map(|(job, since)| Waiting {
            job: JobId(job),
            owner: owner.to_owned(),
            since,
            ready: u64::MAX,
        });
        Ok(waiting.filter(|w| !self.skip.contains(&w.job)).collect())
    }
}
