//! A database with very many rows, by copying the rows of two real jobs within the server.

use super::database::Database;
use crate::suite::fixture::*;
use reelmill_domain::{
    id::{JobId, UploadId},
    lane::Lane,
};
use reelmill_store::{ConnectionTrait, uploads};
use uuid::Uuid;

/// Jobs that have ended, each with four tasks.
pub const ENDED: u64 = 50_000;
/// Jobs that wait, each with one ready task.
pub const QUEUED: u64 = 5_000;
/// Ready tasks of one more job.
pub const CHUNKS: u64 = 5_000;

/// What can be asked for.
pub struct Filled {
    /// One that ended.
    pub ended: JobId,
    /// One that waits in the middle of the queue.
    pub queued: JobId,
    /// One with very many ready tasks.
    pub large: JobId,
}

pub async fn fill(database: &Database) -> Filled {
    let store = &database.store;
    let ended = job(store, &["mkv", "webm"], 5).await;
    let worker = worker(2);
    heard(store, &worker).await;
    while drain(store, Lane::light(), &worker).await + drain(store, Lane::encode(), &worker).await
        > 0
    {}
    assert_eq!(record(store, ended.id).await.job.state.name(), "completed");
    let upload = upload(database).await;
    let queued = job(store, &["mkv"], 5).await;
    let large = job(store, &["mkv"], 5).await;

    run(database, "CREATE TABLE n (n BIGINT PRIMARY KEY)").await;
    run(database, "INSERT INTO n VALUES (0)").await;
    for bit in 0..17 {
        let doubled = format!("INSERT INTO n SELECT n + {} FROM n", 1_u64 << bit);
        run(database, &doubled).await;
    }
    copy(database, ended.id, 1, ENDED).await;
    copy(database, queued.id, 2, QUEUED).await;
    let columns = columns(database, "tasks").await;
    let value = |c: &str| match c {
        "id" => format!("{}, ", id(3, "n.n", 0)),
        other => format!("r.`{other}`, "),
    };
    let select: String = columns.iter().map(|c| value(c)).collect();
    let sql = format!(
        "INSERT INTO tasks SELECT {} FROM tasks r, n WHERE r.job_id = {} AND n.n < {CHUNKS}",
        select.trim_end_matches(", "),
        hex(large.id.0)
    );
    run(database, &sql).await;
    rest(database, &upload).await;
    run(database, "DROP TABLE n").await;
    for table in TABLES {
        run(database, &format!("ANALYZE TABLE {table}")).await;
    }
    let middle = format!(
        "SELECT id FROM jobs WHERE state = 'queued' ORDER BY created_at LIMIT {}, 1",
        QUEUED / 2
    );
    let middle = database.rows(&middle).await;
    Filled {
        ended: ended.id,
        queued: JobId(middle[0].try_get("", "id").unwrap()),
        large: large.id,
    }
}

/// Uploads that expired and of which only the rows are left, workers that were there today, keys and marks that have had
/// their time: more than one sweep takes; and owners, one ready task each.
pub const REST: u64 = 30_000;
const OWNERS: u64 = 150;

/// An upload whose bytes are gone, since a day.
async fn upload(database: &Database) -> String {
    let (db, token) = (database.store.db(), Uuid::now_v7());
    let new = uploads::NewUpload {
        id: UploadId(Uuid::now_v7()),
        owner: String::new(),
        name: "a.mp4".into(),
        metadata: String::new(),
        length: Some(1),
        object_key: "sources/x".into(),
        sink: serde_json::json!({}),
        expires_in_ms: -24 * 3600 * 1000,
        lock: Some((token, 0)),
    };
    let id = new.id;
    uploads::insert(db, new).await.unwrap();
    assert!(uploads::mark_gone(db, id, token).await.unwrap());
    hex(id.0)
}

async fn rest(database: &Database, upload: &str) {
    for (table, which, n, series) in [
        ("uploads", format!("r.id = {upload}"), REST, 4),
        ("workers", "TRUE".into(), REST, 5),
    ] {
        let mut select = String::new();
        for column in columns(database, table).await {
            select += &match column.as_str() {
                "id" => format!("{}, ", id(series, "n.n", 0)),
                "seen_at" => "r.seen_at - 3600000 - n.n, ".into(),
                "expires_at" => "r.expires_at - n.n, ".into(),
                other => format!("r.`{other}`, "),
            };
        }
        let select = select.trim_end_matches(", ");
        let sql = format!(
            "INSERT INTO {table} SELECT {select} FROM {table} r, n WHERE {which} AND n.n < {n}"
        );
        run(database, &sql).await;
    }
    let old = id(0, "n.n", 0);
    for sql in [
        format!("INSERT INTO commits SELECT {old} FROM n WHERE n.n < {REST}"),
        format!(
            "INSERT INTO idempotency_keys SELECT '', CONCAT('k', n.n), '', {old}, n.n FROM n WHERE n.n < {REST}"
        ),
        "INSERT INTO worker_wishes SELECT CONCAT('w', n.n), 'live', n.n FROM n WHERE n.n < 100"
            .to_owned(),
    ] {
        run(database, &sql).await;
    }
    // Some of those who wait are others.
    for (table, state) in [("jobs", "queued"), ("tasks", "ready")] {
        let number = "CONV(HEX(SUBSTR(id, 3, 4)), 16, 10)";
        let sql = format!(
            "UPDATE {table} SET owner = CONCAT('o', {number}) \
             WHERE state = '{state}' AND SUBSTR(id, 1, 2) = x'0002' AND {number} < {OWNERS}"
        );
        run(database, &sql).await;
    }
}

pub const TABLES: [&str; 12] = [
    "jobs",
    "outputs",
    "tasks",
    "task_needs",
    "sources",
    "stored_files",
    "file_refs",
    "job_events",
    "uploads",
    "workers",
    "commits",
    "idempotency_keys",
];

/// Copies a job and all that belongs to it. A second apart each, into the past; ids are in that order, too.
async fn copy(database: &Database, job: JobId, series: u64, n: u64) {
    // Literal ids: by a subquery some servers look at every row for each.
    let of_job = format!("r.job_id = {}", hex(job.0));
    let outputs = ids(
        database,
        "outputs",
        "id",
        &format!("job_id = {}", hex(job.0)),
    )
    .await;
    let tasks = ids(database, "tasks", "id", &format!("job_id = {}", hex(job.0))).await;
    let source = ids(
        database,
        "jobs",
        "source_id",
        &format!("id = {}", hex(job.0)),
    )
    .await;
    let held = format!("holder_id IN ({}, {outputs})", hex(job.0));
    let files = ids(database, "file_refs", "file_id", &held).await;
    let which = [
        ("stored_files", format!("r.id IN ({files})")),
        ("file_refs", format!("r.file_id IN ({files})")),
        ("sources", format!("r.id IN ({source})")),
        ("jobs", format!("r.id = {}", hex(job.0))),
        ("outputs", of_job.clone()),
        ("tasks", of_job.clone()),
        ("task_needs", format!("r.task_id IN ({tasks})")),
        ("job_events", of_job),
    ];
    for (table, which) in which {
        let mut select = String::new();
        let mut insert = String::new();
        for column in columns(database, table).await {
            let value = match column.as_str() {
                // Numbered by the server.
                "id" if table == "job_events" => continue,
                "id" | "job_id" | "source_id" | "file_id" | "holder_id" | "output_id"
                | "task_id" | "need_id" => moved(series, &column),
                "object_key" => format!("CONCAT(r.object_key, '/{series}/', n.n)"),
                "created_at" | "at" | "finished_at" | "ready_at" => {
                    format!("r.`{column}` - ({n} - n.n) * 1000")
                }
                other => format!("r.`{other}`"),
            };
            insert += &format!("`{column}`, ");
            select += &format!("{value}, ");
        }
        let (insert, select) = (insert.trim_end_matches(", "), select.trim_end_matches(", "));
        let sql = format!(
            "INSERT INTO {table} ({insert}) SELECT {select} FROM {table} r, n WHERE {which} AND n.n < {n}"
        );
        run(database, &sql).await;
    }
}

/// Ids as SQL lists them.
async fn ids(database: &Database, table: &str, column: &str, which: &str) -> String {
    let sql = format!("SELECT {column} AS id FROM {table} WHERE {which}");
    let rows = database.rows(&sql).await;
    let ids = rows.iter().map(|row| hex(row.try_get("", "id").unwrap()));
    ids.collect::<Vec<_>>().join(", ")
}

/// The id that row `n.n` of a series has in place of another: the same in every table, and told apart by its last bytes.
fn moved(series: u64, column: &str) -> String {
    let new = format!(
        "UNHEX(CONCAT(LPAD(HEX({series}), 4, '0'), LPAD(HEX(n.n), 8, '0'), '7000', '8000', RIGHT(HEX(r.`{column}`), 12)))"
    );
    format!("IF(r.`{column}` IS NULL, NULL, {new})")
}

fn id(series: u64, n: &str, last: u64) -> String {
    format!(
        "UNHEX(CONCAT(LPAD(HEX({series}), 4, '0'), LPAD(HEX({n}), 8, '0'), '7000', '8000', LPAD(HEX({last}), 12, '0')))"
    )
}

fn hex(id: Uuid) -> String {
    format!("x'{}'", id.simple())
}

async fn columns(database: &Database, table: &str) -> Vec<String> {
    let sql = format!(
        "SELECT CAST(column_name AS CHAR) AS c FROM information_schema.columns \
         WHERE table_schema = DATABASE() AND table_name = '{table}' ORDER BY ordinal_position"
    );
    let rows = database.rows(&sql).await;
    rows.iter()
        .map(|row| row.try_get("", "c").unwrap())
        .collect()
}

async fn run(database: &Database, sql: &str) {
    let done = database.store.db().execute_unprepared(sql).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}
