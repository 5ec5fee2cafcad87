//! The lock of an upload: one writer at a time, in any process. A holder renews it; a dead holder's lapses.

use super::{Upload, find};
use crate::{StoreError, entity::upload, error::Attempt, now};
use reelmill_domain::id::UploadId;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

/// How a lock stands for the one who thinks that he holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// He holds it.
    Yes,
    /// He holds it, and somebody waits for it: store what there is and let go.
    AskedToLetGo,
    /// It lapsed, or the upload is gone: nothing may be written any more.
    Lost,
}

/// Takes the lock for `ttl_ms` if it is free or has lapsed, and returns the upload as it then is.
pub async fn acquire<C: ConnectionTrait>(
    txn: &C,
    id: UploadId,
    token: Uuid,
    ttl_ms: i64,
) -> Result<Option<Upload>, StoreError> {
    let at = now(txn).await?;
    let free = Condition::any()
        .add(upload::Column::LockToken.is_null())
        .add(upload::Column::LockUntil.lte(at.0));
    let taken = upload::Entity::update_many()
        .col_expr(upload::Column::LockToken, Expr::value(token))
        .col_expr(upload::Column::LockUntil, Expr::value(at.plus_ms(ttl_ms).0))
        .col_expr(upload::Column::LockBreak, Expr::value(false))
        .filter(upload::Column::Id.eq(id.0))
        .filter(free)
        .exec(txn)
        .await
        .attempt("locking an upload")?;
    match taken.rows_affected {
        0 => Ok(None),
        _ => find(txn, id).await,
    }
}

/// How the lock stands; reads only.
pub async fn look<C: ConnectionTrait>(
    db: &C,
    id: UploadId,
    token: Uuid,
) -> Result<Held, StoreError> {
    let row: Option<(Option<Uuid>, bool)> = upload::Entity::find_by_id(id.0)
        .select_only()
        .column(upload::Column::LockToken)
        .column(upload::Column::LockBreak)
        .into_tuple()
        .one(db)
        .await
        .attempt("looking at an upload's lock")?;
    Ok(match row {
        Some((Some(holder), false)) if holder == token => Held::Yes,
        Some((Some(holder), true)) if holder == token => Held::AskedToLetGo,
        _ => Held::Lost,
    })
}

/// Holds the lock for another `ttl_ms`. False: it is somebody else's by now.
pub async fn renew<C: ConnectionTrait>(
    txn: &C,
    id: UploadId,
    token: Uuid,
    ttl_ms: i64,
) -> Result<bool, StoreError> {
    let until = now(txn).await?.plus_ms(ttl_ms);
    upload::Entity::update_many()
        .col_expr(upload::Column::LockUntil, Expr::value(until.0))
        .filter(upload::Column::Id.eq(id.0))
        .filter(upload::Column::LockToken.eq(token))
        .exec(txn)
        .await
        .attempt("renewing an upload's lock")
        .map(|done| done.rows_affected == 1)
}

/// Lets go. Nothing happens when the lock is somebody else's.
pub async fn release<C: ConnectionTrait>(
    txn: &C,
    id: UploadId,
    token: Uuid,
) -> Result<(), StoreError> {
    upload::Entity::update_many()
        .col_expr(upload::Column::LockToken, Expr::value(None::<Uuid>))
        .col_expr(upload::Column::LockUntil, Expr::value(None::<i64>))
        .col_expr(upload::Column::LockBreak, Expr::value(false))
        .filter(upload::Column::Id.eq(id.0))
        .filter(upload::Column::LockToken.eq(token))
        .exec(txn)
        .await
        .attempt("unlocking an upload")
        .map(|_| ())
}

/// Asks whoever holds the lock to store what he has and let go.
pub async fn ask_to_let_go<C: ConnectionTrait>(txn: &C, id: UploadId) -> Result<(), StoreError> {
    upload::Entity::update_many()
        .col_expr(upload::Column::LockBreak, Expr::value(true))
        .filter(upload::Column::Id.eq(id.0))
        .filter(upload::Column::LockToken.is_not_null())
        .exec(txn)
        .await
        .attempt("asking for an upload's lock")
        .map(|_| ())
}

/// Voids every lock: for a process that has the database to itself and so knows that every holder is dead.
pub async fn void_all<C: ConnectionTrait>(txn: &C) -> Result<u64, StoreError> {
    upload::Entity::update_many()
        .col_expr(upload::Column::LockToken, Expr::value(None::<Uuid>))
        .col_expr(upload::Column::LockUntil, Expr::value(None::<i64>))
        .col_expr(upload::Column::LockBreak, Expr::value(false))
        .filter(upload::Column::LockToken.is_not_null())
        .exec(txn)
        .await
        .attempt("voiding the locks of a dead process")
        .map(|done| done.rows_affected)
}
