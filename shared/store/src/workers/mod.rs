//! Workers as they last spoke, and what the operator wants of them. Who is alive is judged by the database's clock.

use crate::{
    StoreError,
    convert::{from_json, to_json},
    entity::worker,
    error::Attempt,
    now, unreadable,
};
use reelmill_domain::{
    api::WorkerState,
    id::WorkerId,
    time::Timestamp,
    worker::{Abilities, WorkerInfo},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};

mod wishes;

pub(crate) use wishes::forget as forget_wishes;

/// A worker.
#[derive(Debug, Clone, PartialEq)]
pub struct Worker {
    /// What it last said of itself.
    pub info: WorkerInfo,
    /// The operator's wish: live, draining or disabled.
    pub wanted: WorkerState,
    /// It was ordered to drain, by us.
    pub drain_ordered: bool,
    /// When it was first heard.
    pub first_seen: Timestamp,
    /// When it was last heard.
    pub seen_at: Timestamp,
    /// When it said that it ends.
    pub gone_at: Option<Timestamp>,
}

impl Worker {
    /// How it is at `now`, when silence longer than `lease_ms` counts as lost.
    pub fn state(&self, now: Timestamp, lease_ms: i64) -> WorkerState {
        if self.gone_at.is_some() || now.since_ms(self.seen_at) >= lease_ms {
            return WorkerState::Lost;
        }
        match self.wanted {
            WorkerState::Live if self.info.draining => WorkerState::Draining,
            wanted => wanted,
        }
    }

    /// Whether new tasks may go to it.
    pub fn takes_tasks(&self, now: Timestamp, lease_ms: i64) -> bool {
        self.state(now, lease_ms) == WorkerState::Live
    }
}

/// Workers that were heard within the last `within_ms`, those that said that they end among them, the newest first.
pub async fn heard_within<C: ConnectionTrait>(
    db: &C,
    within_ms: i64,
) -> Result<Vec<Worker>, StoreError> {
    let rows = worker::Entity::find()
        .filter(worker::Column::SeenAt.gt(now(db).await?.plus_ms(-within_ms).0))
        .order_by_desc(worker::Column::FirstSeen)
        .all(db)
        .await
        .attempt("reading workers")?;
    readable(&rows)
}

fn readable(rows: &[worker::Model]) -> Result<Vec<Worker>, StoreError> {
    let read = rows.iter().map(|row| unreadable::skip(from_row(row)));
    read.filter_map(Result::transpose).collect()
}

/// Workers that new tasks may go to now.
pub async fn live<C: ConnectionTrait>(db: &C, lease_ms: i64) -> Result<Vec<Worker>, StoreError> {
    let now = now(db).await?;
    let rows = worker::Entity::find()
        .filter(worker::Column::SeenAt.gt(now.plus_ms(-lease_ms).0))
        .filter(worker::Column::GoneAt.is_null())
        .all(db)
        .await
        .attempt("reading live workers")?;
    let mut live = readable(&rows)?;
    live.retain(|w| w.takes_tasks(now, lease_ms));
    Ok(live)
}

/// What the ffmpegs of workers can do that new tasks may go to.
pub async fn abilities<C: ConnectionTrait>(
    db: &C,
    lease_ms: i64,
) -> Result<Vec<Abilities>, StoreError> {
    Ok(live(db, lease_ms)
        .await?
        .into_iter()
        .map(|w| w.info.abilities)
        .collect())
}

/// One worker.
pub async fn find<C: ConnectionTrait>(db: &C, id: WorkerId) -> Result<Option<Worker>, StoreError> {
    let row = worker::Entity::find_by_id(id.0)
        .one(db)
        .await
        .attempt("reading a worker")?;
    row.as_ref().map(from_row).transpose()
}

/// Whether a worker's operator lets it work: one that is disabled, or not enabled yet, may not. `None`: it was not heard yet.
pub async fn is_admitted<C: ConnectionTrait>(
    db: &C,
    id: WorkerId,
) -> Result<Option<bool>, StoreError> {
    let wanted: Option<String> = worker::Entity::find_by_id(id.0)
        .select_only()
        .column(worker::Column::Wanted)
        .into_tuple()
        .one(db)
        .await
        .attempt("reading the wish for a worker")?;
    Ok(wanted.map(|wanted| wishes::state(&wanted) != WorkerState::Disabled))
}

fn from_row(row: &worker::Model) -> Result<Worker, StoreError> {
    Ok(Worker {
        info: from_json("worker", &row.id, &row.info_json)?,
        wanted: wishes::state(&row.wanted),
        drain_ordered: row.drain_ordered,
        first_seen: Timestamp(row.first_seen),
        seen_at: Timestamp(row.seen_at),
        gone_at: row.gone_at.map(Timestamp),
    })
}

/// Whether workers may take tasks before an operator has said a word about them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Admission {
    /// At once.
    #[default]
    Open,
    /// Once an operator has enabled a worker of that name: until then a worker is disabled (`workers.require_enable`).
    ByOperator,
}

/// Records that a worker spoke at `now`. One that is heard first (its id is new at each start of its process) is as the
/// operator last wanted workers of its name, or else as `admission` says.
pub(crate) async fn heard<C: ConnectionTrait>(
    txn: &C,
    info: &WorkerInfo,
    now: Timestamp,
    admission: Admission,
) -> Result<(), StoreError> {
    let name = wishes::key(&info.name);
    let row = worker::ActiveModel {
        name: Set(name.clone()),
        info_json: Set(to_json("worker", info)?),
        seen_at: Set(now.0),
        gone_at: Set(None),
        ..worker::ActiveModel::default()
    };
    let known = worker::Entity::update_many()
        .set(row.clone())
        .filter(worker::Column::Id.eq(info.id.0))
        .exec(txn)
        .await
        .attempt("writing a worker")?;
    if known.rows_affected > 0 {
        return Ok(());
    }
    let wanted = match (wishes::of(txn, &name, now).await?, admission) {
        (Some(wish), _) => wish,
        (None, Admission::Open) => WorkerState::Live,
        (None, Admission::ByOperator) => WorkerState::Disabled,
    };
    let row = worker::ActiveModel {
        id: Set(info.id.0),
        wanted: Set(wishes::word(wanted).into()),
        drain_ordered: Set(false),
        first_seen: Set(now.0),
        ..row
    };
    worker::Entity::insert(row)
        .exec_without_returning(txn)
        .await
        .attempt("writing a new worker")
        .map(|_| ())
        .map_err(|error| error.duplicate_is_conflict("writing a new worker", "worker"))
}

/// Writes the operator's wish. To enable or to disable is a wish for all workers that will have this name, too; to drain
/// is one for this process alone. False: there is no such worker.
pub async fn want<C: ConnectionTrait>(
    txn: &C,
    id: WorkerId,
    wanted: WorkerState,
) -> Result<bool, StoreError> {
    let column = (worker::Column::Wanted, Expr::value(wishes::word(wanted)));
    if !update(txn, id, column, "writing the wish for a worker").await? {
        return Ok(false);
    }
    let row = worker::Entity::find_by_id(id.0)
        .one(txn)
        .await
        .attempt("reading a worker")?;
    if let Some(row) = row
        && wanted != WorkerState::Draining
    {
        wishes::write(txn, &row.name, wanted).await?;
    }
    Ok(true)
}

/// Remembers whether we ordered a worker to drain.
pub async fn drain_ordered<C: ConnectionTrait>(
    txn: &C,
    id: WorkerId,
    ordered: bool,
) -> Result<bool, StoreError> {
    let column = (worker::Column::DrainOrdered, Expr::value(ordered));
    update(txn, id, column, "noting an order to a worker").await
}

/// A worker said that it ends.
pub async fn bye<C: ConnectionTrait>(txn: &C, id: WorkerId) -> Result<bool, StoreError> {
    let column = (worker::Column::GoneAt, Expr::value(now(txn).await?.0));
    update(txn, id, column, "noting that a worker ended").await
}

async fn update<C: ConnectionTrait>(
    txn: &C,
    id: WorkerId,
    (column, value): (worker::Column, Expr),
    attempt: &'static str,
) -> Result<bool, StoreError> {
    let mine = worker::Column::Id.eq(id.0);
    let done = worker::Entity::update_many()
        .col_expr(column, value)
        .filter(mine)
        .exec(txn)
        .await
        .attempt(attempt)?;
    Ok(done.rows_affected > 0)
}
