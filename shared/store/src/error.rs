//! What can go wrong between us and the database.

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlErr, sqlx};
use thiserror::Error;

/// A database's failure: what was attempted, and why it failed.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The URL is not one that this build can use.
    #[error("database.url `{url}` is not usable: {cause}")]
    BadUrl {
        /// The URL, without a password.
        url: String,
        /// Why.
        cause: String,
    },
    /// There is no such row.
    #[error("there is no {what} {id}")]
    NotFound {
        /// The kind of row.
        what: &'static str,
        /// Its key.
        id: String,
    },
    /// Somebody else changed the row first, and kept doing so; try again later.
    #[error("{attempt}: someone else changed the same {what}; try again")]
    Conflict {
        /// What was attempted.
        attempt: &'static str,
        /// The kind of row.
        what: &'static str,
    },
    /// Others kept being first, or the database kept going away, until patience ended. Nothing was written.
    #[error(
        "{cause} ({tries} tries in {ms} ms). Nothing was written; try again. If it goes on: is the database reachable and \
         well, has it connections left (`database.pool`, `max_connections`), does something hold its rows locked?"
    )]
    GaveUp {
        /// How often it was tried.
        tries: u32,
        /// For how long, in milliseconds.
        ms: u128,
        /// Why the last try failed.
        cause: Box<StoreError>,
    },
    /// The connection got lost while a transaction was being committed, and nobody could say since whether it was.
    #[error(
        "the connection to the database was lost while it committed, and it can't be reached to ask whether it did; look \
         whether the change is there before trying again"
    )]
    Unknown {
        /// How the commit failed.
        #[source]
        cause: DbErr,
    },
    /// A stored file that is to be used is being deleted.
    #[error("the stored file {file} is being deleted; upload it again")]
    FileGone {
        /// Its id.
        file: String,
    },
    /// A row holds what this version can't read.
    #[error(
        "{what} {id} holds what this version can't read ({cause}); was the database written by a newer one?"
    )]
    Unreadable {
        /// The kind of row.
        what: &'static str,
        /// Its key.
        id: String,
        /// Why.
        cause: String,
    },
    /// The database refused or is away.
    #[error("{attempt} failed: {cause}")]
    Database {
        /// What was attempted.
        attempt: &'static str,
        /// Why.
        cause: DbErr,
    },
}

impl StoreError {
    /// Whether the same transaction may succeed when run again: someone else was first, or the connection got lost.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Conflict { .. } | Self::GaveUp { .. } => true,
            Self::Database { cause, .. } => fault(cause).is_some(),
            _ => false,
        }
    }

    /// Whether the database could not be reached, or the connection to it got lost.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Unknown { .. } => true,
            Self::GaveUp { cause, .. } => cause.is_away(),
            Self::Database { cause, .. } => fault(cause) == Some(Fault::Away),
            _ => false,
        }
    }

    /// Whether another transaction was first.
    pub(crate) fn is_contention(&self) -> bool {
        matches!(self, Self::Database { cause, .. } if fault(cause) == Some(Fault::Contention))
    }

    /// Whether a unique key was already taken.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Database { cause, .. } if matches!(cause.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))))
    }

    /// A key that somebody else wrote meanwhile: the transaction finds it when it is run again.
    pub(crate) fn duplicate_is_conflict(self, attempt: &'static str, what: &'static str) -> Self {
        match self.is_duplicate() {
            true => Self::Conflict { attempt, what },
            false => self,
        }
    }

    /// Whether the database has no space left.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Database { cause, .. } if is_full(cause))
    }

    /// Whether there is no such row.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Whether a row holds what this version can't read.
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Self::Unreadable { .. })
    }
}

/// Names what was attempted when the database fails.
pub(crate) trait Attempt<T> {
    /// The same result, with the attempt named.
    fn attempt(self, attempt: &'static str) -> Result<T, StoreError>;
}

impl<T> Attempt<T> for Result<T, DbErr> {
    fn attempt(self, attempt: &'static str) -> Result<T, StoreError> {
        self.map_err(|cause| StoreError::Database { attempt, cause })
    }
}

/// Why the same transaction may succeed when run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Another transaction was first.
    Contention,
    /// The server is not reachable, or went away.
    Away,
}

fn fault(error: &DbErr) -> Option<Fault> {
    let error = match error {
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => return Some(Fault::Away),
        other => sqlx_error(other)?,
    };
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => {
            Some(Fault::Away)
        }
        sqlx::Error::Database(e) => match mysql_number(&**e) {
            Some(number) => mysql_fault(number),
            None => sqlite_fault(e.code().as_deref()),
        },
        _ => None,
    }
}

/// 5 busy, 6 locked, 261 and 517 busy in recovery and snapshot (<https://www.sqlite.org/rescode.html>).
fn sqlite_fault(code: Option<&str>) -> Option<Fault> {
    matches!(code, Some("5" | "6" | "261" | "517")).then_some(Fault::Contention)
}

/// <https://dev.mysql.com/doc/mysql-errors/9.0/en/server-error-reference.html>,
/// <https://mariadb.com/kb/en/mariadb-error-code-reference/>
fn mysql_fault(number: u16) -> Option<Fault> {
    match number {
        // A row changed under a snapshot (MariaDB), lock wait timeout, deadlock, a row that NOWAIT found locked (MySQL).
        1020 | 1205 | 1213 | 3572 => Some(Fault::Contention),
        // Too many connections, server shutdown, aborted, network errors, too many connections of one user, connection
        // was killed (MariaDB), closed for inactivity (MySQL), server is going offline.
        1040 | 1053 | 1152 | 1158..=1161 | 1184 | 1203 | 1226 | 1927 | 3032 | 4031 => {
            Some(Fault::Away)
        }
        _ => None,
    }
}

/// SQLite: 13. MySQL: 1021 disk full, 1114 table full.
fn is_full(error: &DbErr) -> bool {
    match sqlx_error(error) {
        Some(sqlx::Error::Database(e)) => match mysql_number(&**e) {
            Some(number) => matches!(number, 1021 | 1114),
            None => e.code().as_deref() == Some("13"),
        },
        _ => false,
    }
}

/// Whether the database itself said no, and so knows the outcome.
pub(crate) fn was_answered(error: &DbErr) -> bool {
    matches!(sqlx_error(error), Some(sqlx::Error::Database(_))) && fault(error) != Some(Fault::Away)
}

fn sqlx_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(e))
        | DbErr::Exec(RuntimeErr::SqlxError(e))
        | DbErr::Query(RuntimeErr::SqlxError(e)) => Some(e),
        _ => None,
    }
}

fn mysql_number(error: &dyn sqlx::error::DatabaseError) -> Option<u16> {
    error
        .try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>()
        .map(sqlx::mysql::MySqlDatabaseError::number)
}
