//! What the server does for each statement when there are very many rows. Every statement that the scenario sends is
//! explained: none may read a large table, or much of one.
//!
//! `REELMILL_WRITE_PLANS=1 cargo test -p reelmill-store --test mysql plans` writes them to `QUERY_PLANS.md`.

use super::{database::Database, fill};
use crate::suite::fixture::*;
use reelmill_domain::{api::WorkerState, event::JobEvent, lane::Lane, wire::RunRef};
use reelmill_store::{
    Change, ConnectionTrait, Store, apply, claim, events, now, read, reap, renew, sweep, uploads,
    workers,
};
use sea_orm::{DbBackend, QueryResult, Statement, TransactionTrait};
use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{Arc, Mutex},
    time::Duration,
};
use uuid::Uuid;

/// More rows than that no statement may read.
const MOST_ROWS: u64 = 600;
/// What looks at everything that is open, to count it or to find a place in the queue, or writes to all open tasks of a job:
/// the test has eleven thousand open jobs and tasks, and two hundred thousand that have ended.
const OPEN: [&str; 4] = [
    "UPDATE `tasks` SET `priority`",
    "COUNT(`jobs`.`id`)",
    "COUNT(`tasks`.`id`)",
    "ORDER BY `jobs`.`priority`",
];
const MOST_OPEN: u64 = 12_000;

/// A statement as it was sent first: its text, one with values, how long it took.
type Sent = BTreeMap<String, (String, &'static str, Duration)>;

#[derive(Clone, Default)]
struct Log {
    step: Arc<Mutex<&'static str>>,
    sent: Arc<Mutex<Sent>>,
}

impl Log {
    fn step(&self, name: &'static str) {
        *self.step.lock().unwrap() = name;
    }

    fn note(&self, statement: &Statement, elapsed: Duration) {
        let step = *self.step.lock().unwrap();
        if step.is_empty() {
            return;
        }
        let mut sent = self.sent.lock().unwrap();
        let entry = sent.entry(shape(&statement.sql));
        let text = || binary_ids(&statement.to_string());
        let (_, _, longest) = entry.or_insert_with(|| (text(), step, elapsed));
        *longest = (*longest).max(elapsed);
    }
}

/// Ids are bound as bytes, and would be written as text.
fn binary_ids(sql: &str) -> String {
    let mut parts = sql.split('\'');
    let mut text = parts.next().unwrap_or_default().to_owned();
    // What stands between two quotes, and what follows: in our statements no text has a quote in it.
    while let (Some(quoted), Some(after)) = (parts.next(), parts.next()) {
        match Uuid::parse_str(quoted) {
            Ok(id) => text += &hex(id),
            Err(_) => text += &format!("'{quoted}'"),
        }
        text += after;
    }
    text
}

/// Lists of any length are the same to us.
fn shape(sql: &str) -> String {
    let mut shape = sql.to_owned();
    while shape.contains("?, ?") {
        shape = shape.replace("?, ?", "?");
    }
    shape
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_hot_statement_reads_a_large_table() {
    let database = Database::migrated().await;
    let filled = fill::fill(&database).await;
    let log = Log::default();
    let mut store = database.store.clone();
    let heard = log.clone();
    store.observe(move |info| heard.note(info.statement, info.elapsed));

    scenario(&store, &log, &filled).await;
    log.step("");

    let sent = log.sent.lock().unwrap().clone();
    assert!(sent.len() > 60, "{}", sent.len());
    let mut page = String::new();
    let mut bad = String::new();
    for (shape, (sql, step, longest)) in &sent {
        let Some(plan) = explain(&database, sql).await else {
            continue;
        };
        let read = rows_read(&database, sql).await;
        let _ = writeln!(
            page,
            "### {step}\n\n```sql\n{shape}\n```\n\n{}\nRows read: {read}.\n",
            table(&plan)
        );
        let most = match OPEN.iter().any(|open| shape.contains(open)) {
            true => MOST_OPEN,
            false => MOST_ROWS,
        };
        if read > most || plan.iter().any(|row| row.large() && row.kind == "ALL") {
            let _ = writeln!(
                bad,
                "{step} ({longest:?}, {read} rows read): {shape}\n{}\n",
                table(&plan)
            );
        }
    }
    if std::env::var_os("REELMILL_WRITE_PLANS").is_some() {
        write(&database.store.server().await.unwrap(), &page);
    }
    assert!(bad.is_empty(), "{bad}");
}

/// All that happens again and again in a living installation.
async fn scenario(store: &Store, log: &Log, filled: &fill::Filled) {
    let db = store.db();
    let worker = worker(4);
    log.step("a worker is heard");
    heard(store, &worker).await;
    log.step("submission");
    let new = job(store, &["mkv", "webm"], 7).await;
    log.step("looking for lanes");
    assert_eq!(claim::lanes(store).await.unwrap(), [Lane::light()]);
    log.step("claiming");
    let messages = claim(store, Lane::light()).await;
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0].job, new.id);
    log.step("a task starts");
    let run = start(store, &messages[0], &worker).await;
    log.step("renewal");
    let mine = RunRef {
        task: messages[0].task,
        attempt: messages[0].attempt,
        run,
    };
    let stop = renew::renew(store, &worker, &[mine], LEASE, workers::Admission::Open).await;
    assert_eq!(stop.unwrap(), []);
    log.step("looking for what is overdue");
    reap::leases(store, LEASE, &POLICY).await.unwrap();
    reap::dispatches(store, TIMES.dispatch_ms, LEASE, &POLICY)
        .await
        .unwrap();
    reap::is_held(db, messages[1].task).await.unwrap();
    log.step("a probe succeeds, its job is planned");
    say(store, &messages[0], succeeded(&messages[0], run)).await;
    log.step("an encode succeeds, what waited on it is ready");
    drain(store, Lane::encode(), &worker).await;
    log.step("a job changes its place in the queue");
    apply(
        store,
        filled.large,
        Change::Job(JobEvent::SetPaused(true)),
        &POLICY,
    )
    .await
    .unwrap();
    apply(
        store,
        filled.queued,
        Change::Job(JobEvent::SetPriority(6)),
        &POLICY,
    )
    .await
    .unwrap();
    log.step("claiming");
    claim(store, Lane::light()).await;
    log.step("cancelling");
    apply(store, new.id, Change::Job(JobEvent::Cancel), &POLICY)
        .await
        .unwrap();

    log.step("a page of jobs");
    let mut cursor = None;
    for _ in 0..3 {
        let page = read::page(db, "", None, cursor, 50).await.unwrap();
        assert_eq!(page.len(), 50);
        cursor = page.last().map(read::Cursor::after);
        let ids: Vec<_> = page.iter().map(|r| r.job.id).collect();
        read::tallies(db, &ids).await.unwrap();
    }
    log.step("a page of jobs in one state");
    let page = read::page(db, "", Some("completed"), None, 50)
        .await
        .unwrap();
    read::page(
        db,
        "",
        Some("completed"),
        page.last().map(read::Cursor::after),
        50,
    )
    .await
    .unwrap();
    log.step("the page of a job");
    record(store, filled.ended).await;
    let queued = record(store, filled.queued).await;
    assert_eq!(queued.position, Some(1));
    read::tallies(db, &[filled.ended]).await.unwrap();
    events::of_job(db, filled.ended, 0, 100).await.unwrap();
    log.step("figures");
    assert_eq!(read::jobs_by_state(db).await.unwrap()["completed"], 1);
    read::tasks_by_state(db).await.unwrap();
    read::lanes(db).await.unwrap();
    read::running(db).await.unwrap();
    workers::heard_within(db, 600_000).await.unwrap();
    workers::is_admitted(db, worker.id).await.unwrap();
    log.step("the stories of all jobs");
    let last = events::last(db).await.unwrap();
    events::beginning(db).await.unwrap();
    events::after(db, last - 50, 100).await.unwrap();
    read::told_after(db, last - 50, 100).await.unwrap();
    log.step("a file is asked for");
    let output = queued.job.outputs[0].id;
    read::offered(db, "", filled.queued, output, "x")
        .await
        .unwrap();

    log.step("sweeping");
    sweep::expired_outputs(db, 200).await.unwrap();
    sweep::release_sources(store, 40 * 24 * 3600).await.unwrap();
    sweep::take_doomed(store, 200).await.unwrap();
    sweep::due_prefixes(db, 10).await.unwrap();
    sweep::is_stored(db, "sources/none").await.unwrap();
    sweep::ended_jobs(store, 40 * 24 * 3600, 200).await.unwrap();
    sweep::old_rows(store).await.unwrap();
    let at = now(db).await.unwrap();
    uploads::expired(db, at, 100).await.unwrap();
    uploads::forget(db, at.plus_s(-7 * 24 * 3600))
        .await
        .unwrap();
    log.step("an operator's wish");
    workers::want(db, worker.id, WorkerState::Draining)
        .await
        .unwrap();
    log.step("sweeping");
    sweep::release_sources(store, 0).await.unwrap();
    assert_eq!(
        sweep::ended_jobs(store, 0, 10).await.unwrap(),
        1,
        "only the cancelled one holds nothing"
    );
}

/// A step of a plan.
struct Row {
    table: String,
    kind: String,
    key: String,
    rows: u64,
    extra: String,
}

impl Row {
    fn large(&self) -> bool {
        fill::TABLES.contains(&self.table.as_str())
    }
}

async fn explain(database: &Database, sql: &str) -> Option<Vec<Row>> {
    let explained = ["SELECT", "UPDATE", "DELETE"];
    if !explained.iter().any(|verb| sql.starts_with(verb)) || !sql.contains('`') {
        return None;
    }
    let text = |row: &QueryResult, column| -> String {
        row.try_get::<Option<String>>("", column)
            .unwrap()
            .unwrap_or_default()
    };
    let rows = database.rows(&format!("EXPLAIN {sql}")).await;
    let rows = rows.iter().map(|row| Row {
        table: text(row, "table"),
        kind: text(row, "type"),
        key: text(row, "key"),
        rows: rows_of(row),
        extra: text(row, "Extra"),
    });
    Some(rows.collect())
}

/// Carries the statement out, takes it back, and asks the server how many rows it looked at.
async fn rows_read(database: &Database, sql: &str) -> u64 {
    let txn = database.store.db().begin().await.unwrap();
    let raw = |sql: &str| Statement::from_string(DbBackend::MySql, sql);
    txn.execute_unprepared("FLUSH STATUS").await.unwrap();
    txn.query_all_raw(raw(sql)).await.unwrap();
    let status = txn
        .query_all_raw(raw("SHOW SESSION STATUS LIKE 'Handler_read%'"))
        .await
        .unwrap();
    txn.rollback().await.unwrap();
    let value = |row: &QueryResult| row.try_get::<String>("", "Value").unwrap();
    status
        .iter()
        .map(|row| value(row).parse::<u64>().unwrap())
        .sum()
}

/// MariaDB and MySQL give this column different types.
fn rows_of(row: &QueryResult) -> u64 {
    let signed = || {
        row.try_get::<Option<i64>>("", "rows")
            .ok()
            .flatten()
            .map(i64::cast_unsigned)
    };
    let unsigned = || row.try_get::<Option<u64>>("", "rows").ok().flatten();
    let text = || {
        row.try_get::<Option<String>>("", "rows")
            .ok()
            .flatten()?
            .parse()
            .ok()
    };
    signed().or_else(unsigned).or_else(text).unwrap_or(0)
}

fn table(plan: &[Row]) -> String {
    let mut text = String::from("| table | access | index | rows | |\n|---|---|---|---|---|\n");
    for Row {
        table,
        kind,
        key,
        rows,
        extra,
    } in plan
    {
        let _ = writeln!(text, "| {table} | {kind} | {key} | {rows} | {extra} |");
    }
    text
}

fn write(server: &str, page: &str) {
    let intro = format!(
        "# Query plans\n\nEvery statement that a living installation repeats, as {server} carries it out with {} ended jobs, {} \
         queued ones and a job of {} ready tasks. Made by `REELMILL_WRITE_PLANS=1 cargo test -p reelmill-store --test mysql \
         plans`; the same test fails when a statement reads a large table, or much of one.\n\n`access` is the server's \
         `type`: `const` and `eq_ref` find one row, `ref` and `range` a part of an index, `index` goes along it (here only \
         until a `LIMIT`), `ALL` reads the table. `rows` is what the server reckons without regard to a `LIMIT`; below each \
         plan stands what it did read.\n\n",
        fill::ENDED,
        fill::QUEUED,
        fill::CHUNKS
    );
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/QUERY_PLANS.md");
    std::fs::write(file, intro + page.trim_end() + "\n").unwrap();
}
