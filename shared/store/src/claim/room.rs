//! How much a lane may take: slots of live workers against what runs and what is dispatched.

use crate::{
    StoreError,
    entity::{lane, task},
    error::Attempt,
    workers,
};
use reelmill_domain::lane::Lane;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, LockBehavior, LockType, OnConflict},
};
use std::{collections::BTreeMap, time::Duration};
use uuid::Uuid;

/// Between two looks for a lane's row that somebody else holds, in milliseconds: half a second in all, which is many turns.
const PAUSES_MS: [u64; 9] = [2, 4, 8, 16, 32, 64, 128, 128, 128];

/// A lane's room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    pub free: u64,
    pub workers: u64,
    pub dispatched: u64,
}

impl Room {
    /// How many more may be dispatched.
    pub fn capacity(self) -> u64 {
        (self.free + self.workers).saturating_sub(self.dispatched)
    }

    /// How many of the dispatched can't have a slot yet.
    pub fn waiting(self) -> u64 {
        self.dispatched.saturating_sub(self.free)
    }
}

/// Locks the lane's row until the transaction ends: dispatchers of several replicas take turns. False: paused, or somebody
/// holds it longer than turns take, because his machine stands still: other lanes must not wait for that one.
pub(super) async fn lock<C: ConnectionTrait>(txn: &C, lane: &Lane) -> Result<bool, StoreError> {
    for pause in PAUSES_MS {
        if let Some(row) = free(txn, lane).await? {
            touch(txn, lane).await?;
            return Ok(!row.paused);
        }
        if is_there(txn, lane).await? {
            tokio::time::sleep(Duration::from_millis(pause)).await;
        } else {
            make(txn, lane).await?;
        }
    }
    tracing::debug!(%lane, "another process holds this lane; it is looked at later");
    Ok(false)
}

async fn is_there<C: ConnectionTrait>(txn: &C, lane: &Lane) -> Result<bool, StoreError> {
    let found = lane::Entity::find_by_id(lane.0.clone()).one(txn).await;
    Ok(found.attempt("reading a lane")?.is_some())
}

async fn make<C: ConnectionTrait>(txn: &C, lane: &Lane) -> Result<(), StoreError> {
    let row = lane::ActiveModel {
        name: Set(lane.0.clone()),
        paused: Set(false),
        claims: Set(0),
    };
    // Somebody else may do the same at this moment; one of us writes it.
    lane::Entity::insert(row)
        .on_conflict(
            OnConflict::column(lane::Column::Name)
                .update_column(lane::Column::Name)
                .to_owned(),
        )
        .exec_without_returning(txn)
        .await
        .attempt("making a lane's row")
        .map(|_| ())
}

/// Locks the lane's row if nobody else holds it. False: somebody does, or it is paused, or no task was ever in the lane.
pub(super) async fn try_lock<C: ConnectionTrait>(txn: &C, lane: &Lane) -> Result<bool, StoreError> {
    Ok(free(txn, lane).await?.is_some_and(|row| !row.paused))
}

/// The lane's row, locked; `None` when somebody else holds it, or it isn't there.
async fn free<C: ConnectionTrait>(txn: &C, lane: &Lane) -> Result<Option<lane::Model>, StoreError> {
    // SQLite has one writer at a time, and leaves the lock out.
    lane::Entity::find_by_id(lane.0.clone())
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .one(txn)
        .await
        .attempt("locking a lane that is free")
}

/// A claim is counted.
async fn touch<C: ConnectionTrait>(txn: &C, lane: &Lane) -> Result<(), StoreError> {
    lane::Entity::update_many()
        .col_expr(lane::Column::Claims, Expr::col(lane::Column::Claims).add(1))
        .filter(lane::Column::Name.eq(lane.0.as_str()))
        .exec(txn)
        .await
        .attempt("counting a claim")
        .map(|_| ())
}

/// Counts what runs from the tasks, not from what workers said a second ago.
pub(super) async fn measure<C: ConnectionTrait>(
    txn: &C,
    lane: &Lane,
    lease_ms: i64,
) -> Result<Room, StoreError> {
    let running: Vec<(Option<Uuid>, i64)> = task::Entity::find()
        .select_only()
        .column(task::Column::WorkerId)
        .column_as(task::Column::Id.count(), "n")
        .filter(task::Column::Lane.eq(lane.0.as_str()))
        .filter(task::Column::State.eq("running"))
        .group_by(task::Column::WorkerId)
        .into_tuple()
        .all(txn)
        .await
        .attempt("counting running tasks")?;
    let running: BTreeMap<Uuid, i64> = running
        .into_iter()
        .filter_map(|(w, n)| Some((w?, n)))
        .collect();
    let dispatched = task::Entity::find()
        .filter(task::Column::Lane.eq(lane.0.as_str()))
        .filter(task::Column::State.eq("dispatched"))
        .count(txn)
        .await
        .attempt("counting dispatched tasks")?;
    let mut room = Room {
        free: 0,
        workers: 0,
        dispatched,
    };
    for worker in workers::live(txn, lease_ms).await? {
        let Some(mine) = worker
            .info
            .lanes
            .iter()
            .find(|l| l.lane == *lane && l.slots > 0)
        else {
            continue;
        };
        let busy = running.get(&worker.info.id.0).copied().unwrap_or(0);
        room.workers += 1;
        room.free += u64::try_from(i64::from(mine.slots) - busy).unwrap_or(0);
    }
    Ok(room)
}
