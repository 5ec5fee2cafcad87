//! The suite on a real SQLite file.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

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

run!(
    life::a_job_goes_from_post_to_published,
    life::repeated_and_late_events_change_nothing,
    life::parallel_events_of_one_job_all_count,
    life::cancelling_stops_what_runs_and_cancels_the_rest,
    life::a_paused_job_is_taken_back,
    claims::two_dispatchers_claim_no_task_twice,
    claims::a_lane_without_live_workers_releases_nothing,
    claims::a_higher_priority_overtakes_what_waits_in_the_queue,
    leases::a_renewal_extends_and_names_what_to_stop,
    leases::lapsed_leases_of_a_silent_worker_are_judged_together,
    leases::a_release_that_nobody_starts_is_ready_again,
    leases::a_row_that_can_t_be_read_keeps_no_other_from_being_judged,
    stories::ids_are_handed_out_once_every_smaller_one_is_visible,
    stories::pages_go_from_the_newest_without_holes,
    stories::places_go_by_priority_then_age_one_by_one_and_on_a_page,
    files::the_last_reference_dooms_a_file,
    files::a_deleting_file_can_not_be_held,
    files::expired_outputs_lose_their_files,
    files::sources_go_after_their_retention,
);
