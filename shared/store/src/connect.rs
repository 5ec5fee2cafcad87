//! Opening the database. Knows URLs and pool settings; no query.

use crate::{StoreError, error::Attempt, migration::Migrator};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbBackend};
use sea_orm_migration::MigratorTrait;
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
