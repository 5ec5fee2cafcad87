//! Places in the queue: jobs that have not begun go by priority, then age; a job that is held back has no place.

use crate::{StoreError, entity::job, error::Attempt};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// So much of the queue is looked at, from its front: nobody needs to know more precisely how far away the turn of the
/// rest is, and looking takes time.
pub const QUEUE_SEEN: u64 = 10_000;

/// The places, from 1, of those of these jobs that have one. One query, however many they are.
pub(super) async fn places<C: ConnectionTrait>(
    db: &C,
    rows: &[job::Model],
) -> Result<BTreeMap<Uuid, u64>, StoreError> {
    let mut waiting = rows.iter().filter(|r| r.state == "queued" && !r.paused);
    match (waiting.next(), waiting.next()) {
        (None, _) => Ok(BTreeMap::new()),
        (Some(only), None) => {
            let ahead = ahead(db, only).await?;
            Ok(ahead
                .map(|ahead| (only.id, ahead + 1))
                .into_iter()
                .collect())
        }
        _ => {
            let queue = ids(queue()
                .order_by_desc(job::Column::Priority)
                .order_by_asc(job::Column::CreatedAt)
                .order_by_asc(job::Column::Id)
                .limit(QUEUE_SEEN));
            let queue = queue.all(db).await.attempt("reading the queue")?;
            let asked: BTreeSet<Uuid> = rows.iter().map(|r| r.id).collect();
            let places = queue.into_iter().zip(1..);
            Ok(places.filter(|(id, _)| asked.contains(id)).collect())
        }
    }
}

fn queue() -> Select<job::Entity> {
    job::Entity::find()
        .filter(job::Column::State.eq("queued"))
        .filter(job::Column::Paused.eq(false))
}

fn ids(select: Select<job::Entity>) -> sea_orm::Selector<sea_orm::SelectGetableTuple<Uuid>> {
    select.select_only().column(job::Column::Id).into_tuple()
}

/// How many go first; nothing when they are too many.
async fn ahead<C: ConnectionTrait>(db: &C, row: &job::Model) -> Result<Option<u64>, StoreError> {
    let older = job::Column::CreatedAt
        .lt(row.created_at)
        .or(job::Column::CreatedAt
            .eq(row.created_at)
            .and(job::Column::Id.lt(row.id)));
    let first = Condition::any()
        .add(job::Column::Priority.gt(row.priority))
        .add(job::Column::Priority.eq(row.priority).and(older));
    let ahead = ids(queue().filter(first).limit(QUEUE_SEEN))
        .all(db)
        .await
        .attempt("counting jobs ahead")?;
    Ok(Some(ahead.len() as u64).filter(|n| *n < QUEUE_SEEN))
}
