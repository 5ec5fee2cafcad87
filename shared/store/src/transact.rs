//! Write transactions: one at a time on SQLite, run again when someone else was first or the connection got lost. Bounded;
//! never swallows an error, and never writes the same change twice.

use crate::{
    Store, StoreError,
    doubt::{self, Doubt},
    error::Attempt,
};
use sea_orm::{
    DatabaseTransaction, DbBackend, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// How often a transaction is run before its conflict is the caller's.
const TRIES: u32 = 12;
/// How long a database that is away is waited for, beside what waiting for a connection takes.
const PATIENCE: Duration = Duration::from_secs(15);

impl Store {
    /// Runs `body` in one write transaction and commits it, exactly once. `body` runs again, from the start and at most
    /// eleven times, when the database or `body` reports a conflict, and for fifteen seconds when the connection got lost:
    /// it must do nothing that a rollback doesn't undo. It is a closure that returns a future, and not an async closure,
    /// because the future of one of those can't be sent to another thread (rust-lang/rust#110338); it gets the transaction
    /// shared because of that, and must not keep it.
    ///
    /// # Errors
    /// What `body` returned, or what the database said; [`StoreError::GaveUp`] when it went on too long; and
    /// [`StoreError::Unknown`] when the connection was lost within the commit and the server did not come back in time.
    pub async fn transact<T, E, F, Fut>(&self, body: F) -> Result<T, E>
    where
        E: From<StoreError> + Retry,
        F: FnMut(Arc<DatabaseTransaction>) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        // A commit within SQLite's one process always has an answer.
        let doubt = match self.db.get_database_backend() {
            DbBackend::MySql => Doubt::Asks(Uuid::now_v7()),
            _ => Doubt::Never,
        };
        self.run(doubt, body).await
    }

    /// As [`Store::transact`], for a `body` that finds nothing left to do when it has been committed before: a commit whose
    /// outcome is unknown is simply run again, and leaves no mark.
    pub async fn transact_repeatable<T, E, F, Fut>(&self, body: F) -> Result<T, E>
    where
        E: From<StoreError> + Retry,
        F: FnMut(Arc<DatabaseTransaction>) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        self.run(Doubt::Never, body).await
    }

    async fn run<T, E, F, Fut>(&self, mut doubt: Doubt<T>, mut body: F) -> Result<T, E>
    where
        E: From<StoreError> + Retry,
        F: FnMut(Arc<DatabaseTransaction>) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let begun = Instant::now();
        let mut attempt = 0;
        loop {
            attempt += 1;
            let error = match self.once(&mut doubt, &mut body).await {
                Err(error) if error.retry() => error,
                Err(error) => return Err(doubt.or(error)),
                Ok(value) => return Ok(value),
            };
            let patient = match error.is_away() {
                true => begun.elapsed() < PATIENCE,
                false => attempt < TRIES,
            };
            if !patient {
                tracing::warn!(
                    attempt,
                    ms = begun.elapsed().as_millis(),
                    "gave a transaction up"
                );
                return Err(doubt.or(error.gave_up(attempt, begun.elapsed())));
            }
            tracing::debug!(
                attempt,
                away = error.is_away(),
                "running a transaction again"
            );
            tokio::time::sleep(pause(attempt, error.is_away())).await;
        }
    }

    async fn once<T, E, F, Fut>(&self, doubt: &mut Doubt<T>, body: &mut F) -> Result<T, E>
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
        if let Some(value) = doubt::settle(&txn, doubt).await? {
            rollback(txn).await;
            return Ok(value);
        }
        let txn = Arc::new(txn);
        let outcome = body(txn.clone()).await;
        let txn = Arc::into_inner(txn).ok_or(StoreError::Conflict {
            attempt: "ending a transaction",
            what: "transaction, which its body still holds",
        })?;
        match outcome {
            Ok(value) => doubt::commit(txn, doubt, value).await.map_err(E::from),
            Err(e) => {
                rollback(txn).await;
                Err(e)
            }
        }
    }
}

/// Ends a transaction that is not to count. If that fails its connection is closed, which ends it too.
async fn rollback(txn: DatabaseTransaction) {
    if let Err(rollback) = txn.rollback().await {
        tracing::debug!(%rollback, "a transaction could not be rolled back; its connection is dropped");
    }
}

/// Longer each time, and different for each of those that met: from a millisecond to 200 against others, from 20 to 2000
/// against an outage.
fn pause(attempt: u32, away: bool) -> Duration {
    let (first, most) = if away { (40, 2_000) } else { (2, 200) };
    let longest = (first << attempt.min(10).saturating_sub(1)).min(most);
    // The last bits of an id are random.
    let random = Uuid::now_v7().as_u128() & 0xffff;
    let half = u128::from(longest / 2_u64);
    let ms = half + half * random / 0xffff;
    Duration::from_millis(u64::try_from(ms).unwrap_or(most))
}

/// An error that can say whether the same transaction may succeed when run again.
pub trait Retry {
    /// Whether to run it again.
    fn retry(&self) -> bool;

    /// Whether the database is away: then it is given time rather than tries.
    fn is_away(&self) -> bool;

    /// The same error, once it was given up after so many tries in so long.
    fn gave_up(self, tries: u32, after: Duration) -> Self
    where
        Self: Sized;
}

impl Retry for StoreError {
    fn retry(&self) -> bool {
        self.is_retryable()
    }

    fn is_away(&self) -> bool {
        Self::is_away(self)
    }

    fn gave_up(self, tries: u32, after: Duration) -> Self {
        Self::GaveUp {
            tries,
            ms: after.as_millis(),
            cause: Box::new(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_differ_and_end() {
        for away in [false, true] {
            let most = Duration::from_millis(if away { 2_000 } else { 200 });
            assert!(pause(1, away) < pause(TRIES, away));
            assert!((1..40).all(|attempt| pause(attempt, away) <= most));
            let many: std::collections::BTreeSet<_> = (0..50).map(|_| pause(TRIES, away)).collect();
            assert!(many.len() > 10, "{many:?}");
        }
    }
}
