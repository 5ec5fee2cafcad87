//! The migrations, in order, and their run. A released one never changes, and none takes away or changes the meaning of
//! what a service of the version before uses: services one version apart share a database.

mod ddl;
mod m0001_first;
mod m0002_cluster;
mod m0003_swept;
mod m0004_sole;

use crate::{StoreError, error::Attempt, now};
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend,
    EntityTrait, Schema, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::{MigrationTrait, SchemaManager, seaql_migrations};
use std::collections::BTreeSet;

/// How long a process waits for another one that migrates the same database.
const WAIT_S: u32 = 600;
/// The server's lock for it, one for each database; MySQL allows 64 characters.
const LOCK: &str = "CONCAT('reelmill.migrate.', LEFT(SHA2(DATABASE(), 256), 40))";

fn all() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(m0001_first::Migration),
        Box::new(m0002_cluster::Migration),
        Box::new(m0003_swept::Migration),
        Box::new(m0004_sole::Migration),
    ]
}

/// Runs what is missing, one process at a time: under a lock of the server's on MySQL, in SQLite's write transaction.
/// MySQL commits after every statement, so each migration can be run again on top of what a killed process left of it.
pub(crate) async fn up(db: &DatabaseConnection) -> Result<(), StoreError> {
    if missing(db).await?.is_empty() {
        return Ok(());
    }
    // On MySQL it holds nothing together; it keeps the connection that has the lock.
    let txn = db
        .begin_with_options(TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        })
        .await
        .attempt("beginning to migrate the database")?;
    let mysql = txn.get_database_backend() == DbBackend::MySql;
    if mysql {
        lock(&txn).await?;
    }
    run(&txn).await?;
    if mysql {
        txn.execute_unprepared(&format!("DO RELEASE_LOCK({LOCK})"))
            .await
            .attempt("unlocking migrations")?;
    }
    txn.commit().await.attempt("migrating the database")
}

async fn run(txn: &DatabaseTransaction) -> Result<(), StoreError> {
    let schema = Schema::new(txn.get_database_backend());
    let mut table = schema.create_table_from_entity(seaql_migrations::Entity);
    txn.execute(table.if_not_exists())
        .await
        .attempt("making the table of migrations")?;
    let missing = missing(txn).await?;
    if missing.len() == all().len() {
        prefer_exact(txn).await?;
    }
    for migration in missing {
        tracing::info!(migration = migration.name(), "migrating the database");
        migration
            .up(&SchemaManager::new(txn))
            .await
            .attempt("migrating the database")?;
        let row = seaql_migrations::ActiveModel {
            version: Set(migration.name().to_owned()),
            applied_at: Set(now(txn).await?.0 / 1000),
        };
        seaql_migrations::Entity::insert(row)
            .exec_without_returning(txn)
            .await
            .attempt("noting a migration")?;
    }
    Ok(())
}

/// Has the tables of an empty MySQL database made with the collation that a later migration would convert them to, which
/// takes time. It needs a right that isn't needed otherwise, and so may fail.
async fn prefer_exact(txn: &DatabaseTransaction) -> Result<(), StoreError> {
    let collation = ddl::exact_collation(&SchemaManager::new(txn))
        .await
        .attempt("asking for the server's collations")?;
    if let Some(collation) = collation {
        let sql = format!("ALTER DATABASE CHARACTER SET utf8mb4 COLLATE {collation}");
        if let Err(error) = txn.execute_unprepared(&sql).await {
            tracing::info!(%error, "the database keeps its collation; its tables get ours one by one");
        }
    }
    Ok(())
}

/// The migrations that the database lacks, in order.
pub(crate) async fn missing<C: ConnectionTrait>(
    db: &C,
) -> Result<Vec<Box<dyn MigrationTrait>>, StoreError> {
    let mut missing = all();
    if !ddl::has_table(db, "seaql_migrations").await? {
        return Ok(missing);
    }
    let rows = seaql_migrations::Entity::find()
        .all(db)
        .await
        .attempt("reading migrations")?;
    let mut there: BTreeSet<String> = rows.into_iter().map(|row| row.version).collect();
    missing.retain(|migration| !there.remove(migration.name()));
    if !there.is_empty() {
        tracing::info!(migrations = ?there, "a newer version has migrated the database; that is fine");
    }
    Ok(missing)
}

async fn lock(txn: &DatabaseTransaction) -> Result<(), StoreError> {
    let sql = format!("SELECT GET_LOCK({LOCK}, {WAIT_S}) AS got");
    let row = txn
        .query_one_raw(Statement::from_string(DbBackend::MySql, sql))
        .await
        .attempt("waiting to migrate the database")?;
    let got: Option<i64> = row
        .map(|row| row.try_get("", "got"))
        .transpose()
        .attempt("waiting to migrate the database")?
        .flatten();
    match got {
        Some(1) => Ok(()),
        _ => Err(StoreError::Conflict {
            attempt: "migrating the database",
            what: "schema",
        }),
    }
}
