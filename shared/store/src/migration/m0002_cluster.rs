//! For many services on one MySQL database: texts compared exactly, indexes that hot queries read alone, marks of commits,
//! wishes for workers by name, traces, and what lets the sweeper find old jobs without reading all of them.

use super::ddl::{
    Part::{self, Down, Up},
    add_column, add_index, collate, drop_index, exact_collation,
};
use sea_orm_migration::{prelude::*, schema::*};

/// Adds to the tables of `m0001`.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0002_cluster"
    }
}

/// The tables of `m0001`.
const OLD_TABLES: [&str; 13] = [
    "stored_files",
    "file_refs",
    "sources",
    "uploads",
    "jobs",
    "outputs",
    "tasks",
    "task_needs",
    "job_events",
    "workers",
    "lanes",
    "idempotency_keys",
    "prefix_sweeps",
];

fn tables() -> [TableCreateStatement; 3] {
    let table = |name: &'static str| {
        Table::create()
            .table(Alias::new(name))
            .if_not_exists()
            .take()
    };
    [
        table("commits").col(pk_uuid("id")).take(),
        table("worker_wishes")
            .col(string_len("name", 255).primary_key().take())
            .col(string_len("wanted", 16))
            .col(big_integer("at"))
            .take(),
        table("ended_counts")
            .col(big_pk_auto("id"))
            .col(string_len("state", 32))
            .col(big_integer("jobs"))
            .take(),
    ]
}

fn columns() -> [(&'static str, ColumnDef); 4] {
    [
        ("uploads", string_len_null("trace", 55)),
        ("jobs", string_len_null("trace", 55)),
        ("jobs", boolean("holds_source").default(true).take()),
        ("jobs", boolean("holds_outputs").default(true).take()),
    ]
}

const NEW_INDEXES: &[(&str, &[Part])] = &[
    // What is to be released, by all that decides about it; also counts of open tasks.
    (
        "tasks",
        &[
            Up("state"),
            Up("lane"),
            Up("paused"),
            Up("priority"),
            Up("owner"),
            Up("job_id"),
            Up("ready_at"),
        ],
    ),
    // A job's ready tasks, the longest first.
    (
        "tasks",
        &[
            Up("job_id"),
            Up("state"),
            Up("lane"),
            Down("cost_s"),
            Up("id"),
        ],
    ),
    // A page of jobs in one state.
    (
        "jobs",
        &[Up("owner"), Up("state"), Up("created_at"), Up("id")],
    ),
    // The queue, in its order.
    (
        "jobs",
        &[
            Up("state"),
            Up("paused"),
            Down("priority"),
            Up("created_at"),
            Up("id"),
        ],
    ),
    ("jobs", &[Up("holds_source"), Up("finished_at")]),
    ("jobs", &[Up("holds_outputs"), Up("finished_at")]),
    ("job_events", &[Up("kind"), Up("at")]),
    ("uploads", &[Up("source_id")]),
];

/// A new index begins like each of these, or nothing asks for it any more.
const OLD_INDEXES: &[(&str, &[&str])] = &[
    ("tasks", &["job_id", "state"]),
    ("tasks", &["lane", "state", "paused", "priority"]),
    ("tasks", &["state", "until"]),
    ("jobs", &["state", "priority", "created_at"]),
    ("jobs", &["finished_at"]),
];

/// What the new columns and tables say of the jobs that are there.
const FILL: [&str; 3] = [
    "UPDATE jobs SET holds_outputs = FALSE WHERE finished_at IS NOT NULL AND NOT EXISTS \
        (SELECT 1 FROM outputs WHERE outputs.job_id = jobs.id AND outputs.state = 'published')",
    "DELETE FROM ended_counts",
    "INSERT INTO ended_counts (state, jobs) \
        SELECT state, COUNT(*) FROM jobs WHERE finished_at IS NOT NULL GROUP BY state",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let collation = exact_collation(manager).await?;
        if let Some(collation) = &collation {
            for table in OLD_TABLES {
                collate(manager, table, collation).await?;
            }
        }
        for mut table in tables() {
            if let Some(collation) = &collation {
                table.character_set("utf8mb4").collate(collation);
            }
            manager.create_table(table).await?;
        }
        for (table, column) in columns() {
            add_column(manager, table, column).await?;
        }
        for (table, parts) in NEW_INDEXES {
            add_index(manager, table, parts).await?;
        }
        for (table, columns) in OLD_INDEXES {
            drop_index(manager, table, columns).await?;
        }
        for sql in FILL {
            manager.get_connection().execute_unprepared(sql).await?;
        }
        Ok(())
    }
}
