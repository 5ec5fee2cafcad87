//! What can go wrong between us and the database.

use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx};
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
    /// Whether the same transaction may succeed when run again at once.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Conflict { .. } => true,
            Self::Database { cause, .. } => is_contention(cause),
            _ => false,
        }
    }

    /// Whether a unique key was already taken.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Database { cause, .. } if matches!(cause.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))))
    }

    /// Whether the database has no space left.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Database { cause, .. } if database_code(cause).is_some_and(|code| matches!(code.as_str(), "13" | "1021" | "1114")))
    }

    /// Whether there is no such row.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
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

/// SQLite: 5 busy, 6 locked, 261 and 517 busy in recovery and snapshot. MySQL: 1205 lock wait timeout, 1213 deadlock
/// (SQLSTATE 40001).
fn is_contention(error: &DbErr) -> bool {
    database_code(error).is_some_and(|code| {
        matches!(
            code.as_str(),
            "5" | "6" | "517" | "261" | "1205" | "1213" | "40001"
        )
    })
}

/// The code that the database itself gave.
fn database_code(error: &DbErr) -> Option<String> {
    let (DbErr::Exec(RuntimeErr::SqlxError(e)) | DbErr::Query(RuntimeErr::SqlxError(e))) = error
    else {
        return None;
    };
    match &**e {
        sqlx::Error::Database(e) => e.code().map(Into::into),
        _ => None,
    }
}
