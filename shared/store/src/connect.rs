//! Opening the database. Knows URLs and pool settings; no query.

use crate::{StoreError, error::Attempt, migration::Migrator};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbBackend, sqlx};
use sea_orm_migration::MigratorTrait;
use sqlx::Connection;
use std::{sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// Connections beside the writer's: reads in WAL never wait for it.
const POOL: u32 = 6;

/// A database; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) db: DatabaseConnection,
    /// SQLite has one writer at a time: queue here, in order, rather than in its busy loop.
    pub(crate) writer: Option<Arc<Mutex<()>>>,
}

impl Store {
    /// Opens `sqlite:PATH` (made when it isn't there), durable: WAL with a sync at every commit.
    ///
    /// # Errors
    /// [`StoreError::BadUrl`] for another scheme; [`StoreError::Database`] when the file can't be opened.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        if !url.starts_with("sqlite:") {
            return Err(StoreError::BadUrl {
                url: url
                    .split_once(':')
                    .map_or(url, |(scheme, _)| scheme)
                    .to_owned(),
                cause: "this version knows `sqlite:PATH`".to_owned(),
            });
        }
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(POOL)
            .min_connections(1)
            .acquire_timeout(Duration::from_secs(30))
            .sqlx_logging(false)
            .map_sqlx_sqlite_opts(|o| {
                o.create_if_missing(true)
                    .foreign_keys(true)
                    .busy_timeout(Duration::from_secs(10))
                    .pragma("journal_mode", "WAL")
                    .pragma("synchronous", "FULL")
            })
            .map_sqlx_sqlite_pool_opts(|pool| {
                pool.after_release(|connection, _| Box::pin(is_between_transactions(connection)))
            });
        let db = Database::connect(options)
            .await
            .attempt("opening the database")?;
        let writer =
            (db.get_database_backend() == DbBackend::Sqlite).then(|| Arc::new(Mutex::new(())));
        Ok(Self { db, writer })
    }

    /// Brings the tables up to this version; nothing to do is fine.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        Migrator::up(&self.db, None)
            .await
            .attempt("migrating the database")
    }

    /// What reads run on, outside any transaction.
    pub fn db(&self) -> &DatabaseConnection {
        &self.db
    }

    /// Whether the database answers now.
    pub async fn check(&self) -> Result<(), StoreError> {
        crate::now(&self.db).await.map(|_| ())
    }

    /// Closes every connection; the last one folds SQLite's log into the file.
    pub async fn close(self) -> Result<(), StoreError> {
        self.db.close().await.attempt("closing the database")
    }
}

/// Whether a connection that comes back to the pool may be used again; if not, it is closed, which ends what it began.
///
/// SQLite itself rolls a transaction back whose commit found no space. sqlx then can't, and counts it as begun for ever:
/// what it takes for the next transaction's commit is only the end of a savepoint, and nothing of it lasts.
async fn is_between_transactions(
    connection: &mut sqlx::SqliteConnection,
) -> Result<bool, sqlx::Error> {
    // A rollback on drop is only on its way; it has been carried out once the connection answers.
    connection.ping().await?;
    let left_inside = connection.is_in_transaction();
    if left_inside {
        tracing::warn!("a database connection was left inside a transaction; it is closed");
    }
    Ok(!left_inside)
}
