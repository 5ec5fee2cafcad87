//! The claim of a process whose queue is within itself: a second one on the same database would release the same tasks into a
//! queue of its own, and each would take the other's workers for dead. Renewed for as long as the process lives; judged by
//! the database's clock. Stops nobody by itself.

use crate::{Store, StoreError, entity::sole_claim, error::Attempt, now};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

/// The only thing that is claimed so far.
const QUEUE: &str = "queue";

/// Who asks for the claim.
#[derive(Debug, Clone)]
pub struct Claimant {
    /// Its data folder, of which it is the only process: it takes over from a dead one there at once.
    pub folder: Uuid,
    /// What it calls itself, for whoever is refused.
    pub name: String,
    /// The claim is void when it was not renewed for so long, in milliseconds.
    pub lease_ms: i64,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is the claimant's; the token renews it and gives it back.
    Ours(Uuid),
    /// Another process has it.
    Theirs {
        /// What that one calls itself.
        holder: String,
        /// Void in so many milliseconds, unless it is renewed.
        for_ms: i64,
    },
}

/// Takes the claim, if it is free, void, or of a process that had the same data folder.
pub async fn take(store: &Store, claimant: &Claimant) -> Result<Claim, StoreError> {
    let token = Uuid::now_v7();
    store
        .transact_repeatable(|txn| async move { take_in(&*txn, claimant, token).await })
        .await
}

async fn take_in<C: ConnectionTrait>(
    txn: &C,
    claimant: &Claimant,
    token: Uuid,
) -> Result<Claim, StoreError> {
    let attempt = "claiming the database";
    let now = now(txn).await?;
    let row = sole_claim::Entity::find_by_id(QUEUE)
        .lock_exclusive()
        .one(txn)
        .await
        .attempt(attempt)?;
    let mine = sole_claim::ActiveModel {
        name: Set(QUEUE.to_owned()),
        folder: Set(claimant.folder),
        holder: Set(claimant.name.chars().take(255).collect()),
        token: Set(token),
        until: Set(now.plus_ms(claimant.lease_ms).0),
    };
    let Some(row) = row else {
        let written = sole_claim::Entity::insert(mine).exec_without_returning(txn);
        let written = written.await.attempt(attempt);
        // Of two at once, the second looks again and finds the first.
        written.map_err(|error| error.duplicate_is_conflict(attempt, "claim"))?;
        return Ok(Claim::Ours(token));
    };
    if row.folder != claimant.folder && row.until > now.0 {
        return Ok(Claim::Theirs {
            holder: row.holder,
            for_ms: row.until - now.0,
        });
    }
    sole_claim::Entity::update_many()
        .set(mine)
        .filter(sole_claim::Column::Name.eq(QUEUE))
        .exec(txn)
        .await
        .attempt(attempt)?;
    Ok(Claim::Ours(token))
}

/// Who has it now: what that one calls itself, and in how many milliseconds the claim is void unless it is renewed.
pub async fn live(store: &Store) -> Result<Option<(String, i64)>, StoreError> {
    let now = now(store.db()).await?;
    let row = sole_claim::Entity::find_by_id(QUEUE)
        .filter(sole_claim::Column::Until.gt(now.0))
        .one(store.db())
        .await
        .attempt("looking for who claims the database")?;
    Ok(row.map(|row| (row.holder, row.until - now.0)))
}

/// Renews it. False: another process has it by now, and this one must end.
pub async fn renew(store: &Store, token: Uuid, lease_ms: i64) -> Result<bool, StoreError> {
    let until = now(store.db()).await?.plus_ms(lease_ms);
    let done = sole_claim::Entity::update_many()
        .col_expr(sole_claim::Column::Until, Expr::value(until.0))
        .filter(sole_claim::Column::Name.eq(QUEUE))
        .filter(sole_claim::Column::Token.eq(token))
        .exec(store.db())
        .await
        .attempt("renewing the claim on the database")?;
    Ok(done.rows_affected > 0)
}

/// Gives it back, if it is still the token's.
pub async fn give_back(store: &Store, token: Uuid) -> Result<(), StoreError> {
    sole_claim::Entity::delete_many()
        .filter(sole_claim::Column::Name.eq(QUEUE))
        .filter(sole_claim::Column::Token.eq(token))
        .exec(store.db())
        .await
        .attempt("giving the claim on the database back")
        .map(|_| ())
}
