//! Migrations by several processes at once, by one that is killed, and by versions that differ by one.

use super::database::Database;
use crate::suite::fixture::*;
use reelmill_domain::{id::JobId, lane::Lane};
use reelmill_store::{ConnectionTrait, Store, read, uploads};
use std::{collections::BTreeSet, time::Duration};
use uuid::Uuid;

/// Every column and index of a database, as the server describes them.
async fn schema(database: &Database) -> BTreeSet<String> {
    let columns = "SELECT CAST(CONCAT_WS(' ', table_name, column_name, column_type, is_nullable, column_default, \
        collation_name, extra) AS CHAR) AS line FROM information_schema.columns WHERE table_schema = DATABASE()";
    let indexes = "SELECT CAST(CONCAT_WS(' ', table_name, index_name, seq_in_index, column_name, collation, non_unique) \
        AS CHAR) AS line FROM information_schema.statistics WHERE table_schema = DATABASE()";
    let mut lines = BTreeSet::new();
    for sql in [columns, indexes] {
        for row in database.rows(sql).await {
            lines.insert(row.try_get("", "line").unwrap());
        }
    }
    lines
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_migrate_at_once_and_one_is_killed() {
    let database = Database::empty().await;
    let mut killed = 0;
    // Each gets a little further. What it held is free when its connection is closed.
    for ms in (0..400).step_by(40) {
        let store = database.another().await;
        let cut_off = tokio::time::timeout(Duration::from_millis(ms), store.migrate()).await;
        killed += u32::from(cut_off.is_err());
    }
    assert!(killed >= 3, "the kills hit nothing: {killed}");
    let stores = [
        database.another().await,
        database.another().await,
        database.another().await,
    ];
    let migrated = futures::future::join_all(stores.iter().map(Store::migrate)).await;
    assert!(migrated.iter().all(Result::is_ok), "{migrated:?}");

    let whole = Database::migrated().await;
    let expected = schema(&whole).await;
    assert!(expected.len() > 150, "{}", expected.len());
    let found = schema(&database).await;
    let differing: Vec<_> = found.symmetric_difference(&expected).collect();
    assert!(differing.is_empty(), "{differing:#?}");
    let foreign = "collation_name IS NOT NULL AND collation_name NOT LIKE 'utf8mb4%bin' AND table_name <> 'seaql_migrations'";
    let sql = format!(
        "SELECT CAST(column_name AS CHAR) AS c FROM information_schema.columns WHERE table_schema = DATABASE() AND {foreign}"
    );
    assert_eq!(
        whole.rows(&sql).await.len(),
        0,
        "every text is compared exactly"
    );
}

/// On top of tables that were made with the server's own collation, as when the right to change the database is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_was_cut_off_anywhere_is_finished() {
    let database = Database::migrated().await;
    let expected = schema(&database).await;
    let undo = "DELETE FROM seaql_migrations WHERE version = 'm0002_cluster';
        DROP TABLE commits;
        ALTER TABLE jobs DROP COLUMN trace;
        ALTER TABLE jobs CONVERT TO CHARACTER SET latin1;
        ALTER TABLE idempotency_keys CONVERT TO CHARACTER SET latin1;
        DROP INDEX ix_job_events_kind_at ON job_events;
        CREATE INDEX ix_jobs_finished_at ON jobs (finished_at)";
    for sql in undo.split(";\n") {
        database
            .store
            .db()
            .execute_unprepared(sql.trim())
            .await
            .unwrap();
    }
    assert_ne!(schema(&database).await, expected);
    database.store.migrate().await.unwrap();
    let found = schema(&database).await;
    // A new column stands behind the others; that is the only difference there may be, and this doesn't look at it.
    let differing: Vec<_> = found.symmetric_difference(&expected).collect();
    assert!(differing.is_empty(), "{differing:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_version_may_have_migrated_before() {
    let database = Database::migrated().await;
    let row = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_future', 0)";
    database.store.db().execute_unprepared(row).await.unwrap();
    let store = database.another().await;
    store.migrate().await.unwrap();
    job(&store, &["mkv"], 5).await;
}

/// The tables and columns that the version before this one knows. It names them all in what it sends.
const BEFORE: &[(&str, &str)] = &[
    (
        "stored_files",
        "id object_key bytes created_at doomed_at deleting",
    ),
    ("file_refs", "file_id holder_kind holder_id"),
    (
        "sources",
        "id owner name file_id object_key bytes sha256 media_json created_at",
    ),
    (
        "uploads",
        "id owner name metadata length offset object_key file_id sink_json lock_token lock_until lock_break complete \
         source_id expires_at created_at",
    ),
    (
        "jobs",
        "id owner name source_id state state_json priority paused strict expire_after_s retry_of metadata_json \
         warnings_json version event_seq created_at started_at finished_at",
    ),
    (
        "outputs",
        "id job_id position preset preset_json file_name state state_json planned_json failures expires_at",
    ),
    (
        "tasks",
        "id job_id output_id owner kind lane spec_json cost_s state waiting_on attempt failures losses avoid run_id \
         worker_id until result_json failure_json frames priority paused version created_at ready_at",
    ),
    ("job_events", "job_id owner seq kind body_json at"),
    (
        "workers",
        "id name info_json wanted drain_ordered first_seen seen_at gone_at",
    ),
    ("lanes", "name paused claims"),
    ("idempotency_keys", "owner key body_hash job_id created_at"),
    ("prefix_sweeps", "prefix due_at left"),
];

/// What a service of the version before writes, this one reads, and the other way round.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_of_the_version_before_works_on_these_tables() {
    let ours = Database::migrated().await;
    let theirs = Database::migrated().await;
    let worker = worker(1);
    heard(&ours.store, &worker).await;
    let job = job(&ours.store, &["mkv"], 5).await;
    reelmill_store::submit::remember(
        ours.store.db(),
        "",
        "key",
        &reelmill_store::submit::Used {
            body_hash: "ab".repeat(32),
            job: job.id,
        },
    )
    .await
    .unwrap();
    let upload = uploads::NewUpload {
        id: reelmill_domain::id::UploadId(Uuid::now_v7()),
        owner: String::new(),
        name: "a.mp4".into(),
        metadata: String::new(),
        length: Some(1),
        object_key: "sources/x".into(),
        sink: serde_json::json!({}),
        expires_in_ms: 60_000,
        lock: None,
    };
    uploads::insert(ours.store.db(), upload.clone())
        .await
        .unwrap();

    // Its reads and its writes: by all the columns that it knows, and by no other.
    let from = database_of(&ours);
    for (table, columns) in BEFORE {
        let columns: Vec<String> = columns
            .split_whitespace()
            .map(|c| format!("`{c}`"))
            .collect();
        let columns = columns.join(", ");
        let sql = format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {from}.{table}");
        let done = theirs.store.db().execute_unprepared(&sql).await;
        done.unwrap_or_else(|error| panic!("{table}: {error}"));
    }

    let read = record(&theirs.store, job.id).await;
    assert_eq!(read.job, job);
    assert!(
        uploads::find(theirs.store.db(), upload.id)
            .await
            .unwrap()
            .is_some()
    );
    let claimed = claim(&theirs.store, Lane::light()).await;
    assert_eq!(
        claimed.iter().map(|m| m.job).collect::<Vec<JobId>>(),
        [job.id]
    );
    let run = start(&theirs.store, &claimed[0], &worker).await;
    say(&theirs.store, &claimed[0], succeeded(&claimed[0], run)).await;
    assert_eq!(
        read::tallies(theirs.store.db(), &[job.id])
            .await
            .unwrap()
            .len(),
        3
    );
}

fn database_of(database: &Database) -> &str {
    database
        .url
        .rsplit('/')
        .next()
        .unwrap()
        .split('?')
        .next()
        .unwrap()
}
