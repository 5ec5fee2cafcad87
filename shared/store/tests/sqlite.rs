//! The suite on a real SQLite file.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

#[macro_use]
mod suite;

use reelmill_store::{ConnectionTrait, Store, StoreError};
use sea_orm::{DbBackend, Statement};

async fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", dir.path().join("t.db").display());
    let store = Store::connect(&url).await.unwrap();
    store.migrate().await.unwrap();
    // Again: nothing to do is fine.
    store.migrate().await.unwrap();
    (dir, store)
}

#[tokio::test]
async fn a_migration_that_was_cut_off_is_begun_again() {
    let (_dir, store) = store().await;
    // All that a process left that died before the very end of it.
    store
        .db()
        .execute_unprepared(
            "DELETE FROM seaql_migrations; DROP INDEX ix_jobs_source_id; DROP TABLE prefix_sweeps",
        )
        .await
        .unwrap();
    store.migrate().await.unwrap();
    let due = reelmill_store::sweep::due_prefixes(store.db(), 1).await;
    assert_eq!(due.unwrap(), []);
}

/// A full disk makes SQLite roll back by itself what it should commit. A body that says `ROLLBACK` leaves the connection
/// the same, and a reference that is still dangling at the end fails a commit too.
#[tokio::test]
async fn a_commit_that_failed_spoils_no_later_one() {
    let (dir, store) = store().await;
    let tables = "CREATE TABLE a (n INTEGER PRIMARY KEY);
        CREATE TABLE b (n INTEGER REFERENCES a (n) DEFERRABLE INITIALLY DEFERRED)";
    store.db().execute_unprepared(tables).await.unwrap();
    let run = |sql: &'static str| {
        store.transact(move |txn| async move {
            txn.execute_unprepared(sql).await.unwrap();
            Ok::<_, StoreError>(())
        })
    };
    for _ in 0..3 {
        run("ROLLBACK").await.unwrap_err();
        run("INSERT INTO b VALUES (7)").await.unwrap_err();
    }
    run("INSERT INTO a VALUES (1)").await.unwrap();

    // What was committed is there for everyone.
    let url = format!("sqlite:{}", dir.path().join("t.db").display());
    let other = Store::connect(&url).await.unwrap();
    let rows = other
        .db()
        .query_all_raw(Statement::from_string(
            DbBackend::Sqlite,
            "SELECT n FROM a UNION ALL SELECT n FROM b",
        ))
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
}

macro_rules! run {
    ($($module:ident :: $test:ident),* $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            let (_dir, store) = store().await;
            suite::$module::$test(&store).await;
            store.close().await.unwrap();
        }
    )*};
}

every_test!(run);
