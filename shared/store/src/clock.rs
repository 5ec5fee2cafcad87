//! The database's clock: the one place where the SQL differs by backend.

use crate::{StoreError, error::Attempt};
use reelmill_domain::time::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// The database's time now, in milliseconds. Leases and deadlines are written and compared in it alone.
pub async fn now<C: ConnectionTrait>(db: &C) -> Result<Timestamp, StoreError> {
    let backend = db.get_database_backend();
    let sql = match backend {
        DbBackend::MySql => "SELECT CAST(ROUND(UNIX_TIMESTAMP(NOW(3)) * 1000) AS SIGNED) AS now",
        _ => "SELECT CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) AS now",
    };
    let row = db
        .query_one_raw(Statement::from_string(backend, sql))
        .await
        .attempt("reading the database's clock")?;
    let row = row.ok_or(StoreError::NotFound {
        what: "clock",
        id: String::new(),
    })?;
    row.try_get::<i64>("", "now")
        .map(Timestamp)
        .attempt("reading the database's clock")
}
