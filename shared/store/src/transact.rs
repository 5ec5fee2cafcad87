//! Write transactions: one at a time on SQLite, run again when someone else was first. Bounded; never swallows an error.

use crate::{Store, StoreError, error::Attempt};
use sea_orm::{DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use std::{sync::Arc, time::Duration};

/// How often a transaction is run before its conflict is the caller's.
const TRIES: u32 = 8;

impl Store {
    /// Runs `body` in one write transaction and commits it. `body` runs again, from the start and at most seven times,
    /// when the database or `body` reports a conflict: it must do nothing that a rollback doesn't undo. It is a closure
    /// that returns a future, and not an async closure, because the future of one of those can't be sent to another
    /// thread (rust-lang/rust#110338); it gets the transaction shared because of that, and must not keep it.
    ///
    /// # Errors
    /// What `body` returned, or what the database said.
    pub async fn transact<T, E, F, Fut>(&self, mut body: F) -> Result<T, E>
    where
        E: From<StoreError> + Retry,
        F: FnMut(Arc<DatabaseTransaction>) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        for attempt in 1.. {
            match self.once(&mut body).await {
                Err(e) if e.retry() && attempt < TRIES => {
                    tracing::debug!(attempt, "a transaction met another one; running it again");
                    tokio::time::sleep(Duration::from_millis(u64::from(attempt * attempt))).await;
                }
                outcome => return outcome,
            }
        }
        Err(StoreError::Conflict {
            attempt: "running a transaction",
            what: "row",
        }
        .into())
    }

    async fn once<T, E, F, Fut>(&self, body: &mut F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: FnMut(Arc<DatabaseTransaction>) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let _turn = match &self.writer {
            Some(writer) => Some(writer.lock().await),
            None => None,
        };
        let txn = self
            .db
            .begin_with_options(TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            })
            .await
            .attempt("beginning a transaction")?;
        let txn = Arc::new(txn);
        let outcome = body(txn.clone()).await;
        let txn = Arc::into_inner(txn).ok_or(StoreError::Conflict {
            attempt: "ending a transaction",
            what: "transaction, which its body still holds",
        })?;
        match outcome {
            Ok(value) => {
                txn.commit().await.attempt("committing a transaction")?;
                Ok(value)
            }
            Err(e) => {
                if let Err(rollback) = txn.rollback().await {
                    tracing::warn!(%rollback, "a transaction could not be rolled back; its connection is dropped");
                }
                Err(e)
            }
        }
    }
}

/// An error that can say whether the same transaction may succeed when run again.
pub trait Retry {
    /// Whether to run it again.
    fn retry(&self) -> bool;
}

impl Retry for StoreError {
    fn retry(&self) -> bool {
        self.is_retryable()
    }
}
