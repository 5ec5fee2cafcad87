//! What the operator wants of workers of a name, however often their processes start anew.

use crate::{StoreError, entity::worker_wish, error::Attempt, now};
use reelmill_domain::{api::WorkerState, time::Timestamp};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::Expr,
};

/// A name as it is kept.
pub(super) fn key(name: &str) -> String {
    name.chars().take(255).collect()
}

/// The word for it in a row.
pub(super) fn word(wanted: WorkerState) -> &'static str {
    match wanted {
        WorkerState::Draining => "draining",
        WorkerState::Disabled => "disabled",
        WorkerState::Live | WorkerState::Lost => "live",
    }
}

/// What a row's word means.
pub(super) fn state(word: &str) -> WorkerState {
    match word {
        "draining" => WorkerState::Draining,
        "disabled" => WorkerState::Disabled,
        _ => WorkerState::Live,
    }
}

/// The last wish for workers of this name, if there was one; it is remembered from `now` on.
pub(super) async fn of<C: ConnectionTrait>(
    txn: &C,
    name: &str,
    now: Timestamp,
) -> Result<Option<WorkerState>, StoreError> {
    let row = worker_wish::Entity::find_by_id(name.to_owned())
        .one(txn)
        .await
        .attempt("reading the wish for a worker")?;
    let Some(row) = row else { return Ok(None) };
    worker_wish::Entity::update_many()
        .col_expr(worker_wish::Column::At, Expr::value(now.0))
        .filter(worker_wish::Column::Name.eq(name))
        .exec(txn)
        .await
        .attempt("noting a wish for a worker")?;
    Ok(Some(state(&row.wanted)))
}

/// Writes it.
pub(super) async fn write<C: ConnectionTrait>(
    txn: &C,
    name: &str,
    wanted: WorkerState,
) -> Result<(), StoreError> {
    let attempt = "writing the wish for a worker";
    let row = worker_wish::ActiveModel {
        name: Set(name.to_owned()),
        wanted: Set(word(wanted).to_owned()),
        at: Set(now(txn).await?.0),
    };
    let known = worker_wish::Entity::update_many()
        .set(row.clone())
        .filter(worker_wish::Column::Name.eq(name))
        .exec(txn)
        .await
        .attempt(attempt)?;
    if known.rows_affected > 0 {
        return Ok(());
    }
    worker_wish::Entity::insert(row)
        .exec_without_returning(txn)
        .await
        .attempt(attempt)
        .map(|_| ())
        .map_err(|error| error.duplicate_is_conflict(attempt, "wish"))
}

/// Forgets at most `limit` wishes for names under which nobody came since `before`. Returns how many it found.
pub(crate) async fn forget<C: ConnectionTrait>(
    db: &C,
    before: Timestamp,
    limit: u64,
) -> Result<u64, StoreError> {
    let names: Vec<String> = worker_wish::Entity::find()
        .select_only()
        .column(worker_wish::Column::Name)
        .filter(worker_wish::Column::At.lte(before.0))
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
        .attempt("looking for old wishes for workers")?;
    if !names.is_empty() {
        worker_wish::Entity::delete_many()
            .filter(worker_wish::Column::Name.is_in(names.iter()))
            .filter(worker_wish::Column::At.lte(before.0))
            .exec(db)
            .await
            .attempt("forgetting wishes for workers")?;
    }
    Ok(names.len() as u64)
}
