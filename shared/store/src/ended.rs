//! Counts of ended jobs, by state: written with every end and every removal, so that nobody has to count millions.

use crate::{StoreError, convert::size, entity::ended_count, error::Attempt};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, Func},
};
use std::collections::BTreeMap;

/// Rows that are added up at once.
const BATCH: u64 = 1000;

/// Counts `jobs` more (or fewer) that ended in `state`: in the transaction that ends or removes them.
pub(crate) async fn count<C: ConnectionTrait>(
    txn: &C,
    state: &str,
    jobs: i64,
) -> Result<(), StoreError> {
    let row = ended_count::ActiveModel {
        id: NotSet,
        state: Set(state.to_owned()),
        jobs: Set(jobs),
    };
    ended_count::Entity::insert(row)
        .exec_without_returning(txn)
        .await
        .attempt("counting an ended job")
        .map(|_| ())
}

/// How many there are.
pub(crate) async fn counts<C: ConnectionTrait>(
    db: &C,
) -> Result<BTreeMap<String, u64>, StoreError> {
    // As floating numbers: MySQL sums whole numbers to decimals.
    let sum = Func::cast_as(ended_count::Column::Jobs.sum(), "double");
    let rows: Vec<(String, f64)> = ended_count::Entity::find()
        .select_only()
        .column(ended_count::Column::State)
        .column_as(Expr::from(sum), "n")
        .group_by(ended_count::Column::State)
        .into_tuple()
        .all(db)
        .await
        .attempt("counting ended jobs")?;
    let counted = rows.into_iter().map(|(state, n)| (state, size(n as i64)));
    Ok(counted.filter(|(_, n)| *n > 0).collect())
}

/// Adds up rows, so that there are few. Two at once don't disturb each other: each adds up only rows that it deletes.
pub(crate) async fn add_up<C: ConnectionTrait>(txn: &C) -> Result<(), StoreError> {
    let rows = ended_count::Entity::find()
        .order_by_asc(ended_count::Column::Id)
        .limit(BATCH)
        .lock_exclusive()
        .all(txn)
        .await
        .attempt("reading counts of ended jobs")?;
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for row in &rows {
        *sums.entry(row.state.clone()).or_default() += row.jobs;
    }
    if rows.len() <= sums.len() {
        return Ok(());
    }
    ended_count::Entity::delete_many()
        .filter(ended_count::Column::Id.is_in(rows.iter().map(|row| row.id)))
        .exec(txn)
        .await
        .attempt("adding up counts of ended jobs")?;
    for (state, jobs) in sums {
        count(txn, &state, jobs).await?;
    }
    Ok(())
}
