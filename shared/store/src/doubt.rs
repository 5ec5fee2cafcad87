//! Commits whose answer got lost. The server may have carried one out or not: a row of `commits`, written in the same
//! transaction, tells which. Decides nothing but that.

use crate::{
    StoreError,
    entity::commit,
    error::{Attempt, was_answered},
};
use sea_orm::{ActiveValue::Set, DatabaseTransaction, DbErr, EntityTrait};
use uuid::Uuid;

/// What is known of the commits of one change that is tried until it is there.
pub(crate) enum Doubt<T> {
    /// Every commit is answered, or it doesn't matter.
    Never,
    /// Leaves this mark, so that it can be asked for.
    Asks(Uuid),
    /// The answer to the last commit got lost.
    Unanswered {
        mark: Uuid,
        /// What the change returns if it was committed.
        value: T,
        cause: DbErr,
    },
}

impl<T> Doubt<T> {
    /// What to report when `error` ends it: while a commit is in doubt, that.
    pub fn or<E: From<StoreError>>(self, error: E) -> E {
        match self {
            Self::Unanswered { cause, .. } => StoreError::Unknown { cause }.into(),
            _ => error,
        }
    }
}

/// Called first in a new transaction. If the last commit is in doubt: what the change returned, when it was carried out.
/// When it wasn't, it never will be from here on: its mark could not be written again if its transaction were still open.
pub(crate) async fn settle<T>(
    txn: &DatabaseTransaction,
    doubt: &mut Doubt<T>,
) -> Result<Option<T>, StoreError> {
    let Doubt::Unanswered { mark, .. } = doubt else {
        return Ok(None);
    };
    // It waits here while the old transaction is still open on the server.
    let committed = match leave(txn, *mark).await {
        Ok(()) => false,
        Err(error) if error.is_duplicate() => true,
        Err(error) => return Err(error),
    };
    tracing::info!(committed, "the answer to a commit had got lost");
    match std::mem::replace(doubt, Doubt::Asks(Uuid::now_v7())) {
        Doubt::Unanswered { value, .. } if committed => Ok(Some(value)),
        _ => Ok(None),
    }
}

/// Commits with the mark, if one is to be left.
pub(crate) async fn commit<T>(
    txn: DatabaseTransaction,
    doubt: &mut Doubt<T>,
    value: T,
) -> Result<T, StoreError> {
    let mark = match doubt {
        Doubt::Asks(mark) => *mark,
        _ => {
            txn.commit().await.attempt("committing a transaction")?;
            return Ok(value);
        }
    };
    leave(&txn, mark).await?;
    let attempt = "committing a transaction";
    match txn.commit().await {
        Ok(()) => Ok(value),
        Err(cause) if was_answered(&cause) => Err(StoreError::Database { attempt, cause }),
        Err(cause) => {
            *doubt = Doubt::Unanswered {
                mark,
                value,
                cause: cause.clone(),
            };
            Err(StoreError::Database { attempt, cause })
        }
    }
}

async fn leave(txn: &DatabaseTransaction, mark: Uuid) -> Result<(), StoreError> {
    commit::Entity::insert(commit::ActiveModel { id: Set(mark) })
        .exec_without_returning(txn)
        .await
        .attempt("marking a transaction")
        .map(|_| ())
}
