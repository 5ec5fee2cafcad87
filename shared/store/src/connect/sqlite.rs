//! How connections to a SQLite file are made and kept. No query.

use sea_orm::{ConnectOptions, sqlx};
use sqlx::Connection;
use std::time::Duration;

/// Connections beside the writer's: reads in WAL never wait for it.
const POOL: u32 = 6;

pub(super) fn options(url: &str) -> ConnectOptions {
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
    options
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
