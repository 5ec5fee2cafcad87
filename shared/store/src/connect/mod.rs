//! Opening the database. Knows URLs and pool settings; no query.

mod mysql;
mod sqlite;

use crate::{StoreError, error::Attempt, migration};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement,
};
use std::{fmt, path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// How to connect, beside the URL.
#[derive(Debug, Clone)]
pub struct Options {
    /// Most connections to a MySQL server. SQLite has as many as it needs.
    pub pool: u32,
    /// Waiting for a connection of the pool, a new one included, ends after so long.
    pub acquire_timeout: Duration,
    /// PEM file with the authorities that the server's certificate may be signed by. It also means that the certificate
    /// and its name are checked, unless the URL's `ssl-mode` says otherwise.
    pub ca_file: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pool: 10,
            acquire_timeout: Duration::from_secs(10),
            ca_file: None,
        }
    }
}

/// A database; cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) db: DatabaseConnection,
    /// SQLite has one writer at a time: queue here, in order, rather than in its busy loop.
    pub(crate) writer: Option<Arc<Mutex<()>>>,
    options: ConnectOptions,
}

/// Without the options, which hold the password.
impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("backend", &self.db.get_database_backend())
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Opens a database with the defaults of [`Options`].
    ///
    /// # Errors
    /// As [`Store::connect_with`].
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::connect_with(url, &Options::default()).await
    }

    /// Opens `sqlite:PATH` (made when it isn't there), durable: WAL with a sync at every commit. Or
    /// `mysql://USER:PASSWORD@HOST:PORT/DATABASE`, MySQL 8 or newer or MariaDB 10.11 or newer, with `?ssl-mode=` (one of
    /// `DISABLED`, `PREFERRED`, `REQUIRED`, `VERIFY_CA`, `VERIFY_IDENTITY`), `ssl-ca=FILE` and, for a client
    /// certificate, `ssl-cert=FILE` with `ssl-key=FILE`.
    ///
    /// # Errors
    /// [`StoreError::BadUrl`] for a URL that makes no sense; [`StoreError::Database`] when the database can't be opened.
    pub async fn connect_with(url: &str, options: &Options) -> Result<Self, StoreError> {
        let options = match url.split_once(':') {
            Some(("sqlite", _)) => sqlite::options(url),
            Some(("mysql", _)) => mysql::options(url, options)?,
            other => {
                return Err(StoreError::BadUrl {
                    url: other.map_or(url, |(scheme, _)| scheme).to_owned(),
                    cause: "this version knows `sqlite:PATH` and `mysql://USER:PASSWORD@HOST:PORT/DATABASE`"
                        .to_owned(),
                });
            }
        };
        let db = Database::connect(options.clone())
            .await
            .attempt("opening the database")?;
        let writer =
            (db.get_database_backend() == DbBackend::Sqlite).then(|| Arc::new(Mutex::new(())));
        Ok(Self {
            db,
            writer,
            options,
        })
    }

    /// Brings the tables up to this version; nothing to do is fine, and so are several processes at once. A database that
    /// a newer version has migrated is taken as it is: migrations only ever add.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        match self.db.get_database_backend() {
            // A connection of its own, so that the lock it takes ends with it, whatever happens.
            DbBackend::MySql => {
                let mut options = self.options.clone();
                options.max_connections(1).min_connections(0);
                let alone = Database::connect(options)
                    .await
                    .attempt("connecting to migrate the database")?;
                let outcome = migration::up(&alone).await;
                alone.close().await.attempt("closing a connection")?;
                outcome
            }
            _ => migration::up(&self.db).await,
        }
    }

    /// The migrations that [`Store::migrate`] would run, by name.
    pub async fn lacks(&self) -> Result<Vec<String>, StoreError> {
        let missing = migration::missing(&self.db).await?;
        Ok(missing.iter().map(|m| m.name().to_owned()).collect())
    }

    /// Has `observer` hear of every statement that this clone of the store carries out from now on, and of how long it took.
    pub fn observe(
        &mut self,
        observer: impl Fn(&sea_orm::metric::Info<'_>) + Send + Sync + 'static,
    ) {
        self.db.set_metric_callback(observer);
    }

    /// What reads run on, outside any transaction.
    pub fn db(&self) -> &DatabaseConnection {
        &self.db
    }

    /// Whether the database answers now.
    pub async fn check(&self) -> Result<(), StoreError> {
        crate::now(&self.db).await.map(|_| ())
    }

    /// The server and its version, as it names itself.
    pub async fn server(&self) -> Result<String, StoreError> {
        let backend = self.db.get_database_backend();
        let (name, sql) = match backend {
            DbBackend::MySql => ("", "SELECT VERSION() AS v"),
            _ => ("SQLite ", "SELECT sqlite_version() AS v"),
        };
        let row = self
            .db
            .query_one_raw(Statement::from_string(backend, sql))
            .await
            .attempt("asking for the database's version")?;
        let version: Option<String> = row
            .map(|row| row.try_get("", "v"))
            .transpose()
            .attempt("asking for the database's version")?;
        let version = version.unwrap_or_default();
        Ok(match backend {
            DbBackend::MySql if !version.contains("MariaDB") => format!("MySQL {version}"),
            _ => format!("{name}{version}"),
        })
    }

    /// Closes every connection; the last one folds SQLite's log into the file.
    pub async fn close(self) -> Result<(), StoreError> {
        self.db.close().await.attempt("closing the database")
    }
}
