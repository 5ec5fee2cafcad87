//! A database with very many rows, by copying the rows of two real jobs within the server.

use super::database::Database;
use crate::suite::fixture::*;
use reelmill_domain::{id::JobId, lane::Lane};
use reelmill_store::ConnectionTrait;
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

pub const TABLES: [&str; 9] = [
    "jobs",
    "outputs",
    "tasks",
    "task_needs",
    "sources",
    "stored_files",
    "file_refs",
    "job_events",
    "uploads",
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
