//! The first tables. Written for both backends: ids are `binary(16)` on MySQL and blobs on SQLite, times are bigint
//! milliseconds, JSON is long text, and every indexed text is bounded so that the index fits. It can be run again on top of
//! what a process that died left of it.

use sea_orm_migration::{prelude::*, schema::*};

/// Creates the tables.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0001_first"
    }
}

/// Text of any length: MySQL's `text` ends at 64 KiB; SQLite takes the word for text.
fn long(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(Alias::new(name));
    column.custom(Alias::new("longtext")).not_null();
    column
}

fn long_null(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(Alias::new(name));
    column.custom(Alias::new("longtext")).null();
    column
}

fn table(name: &'static str, columns: Vec<ColumnDef>) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(Alias::new(name)).if_not_exists();
    for column in columns {
        table.col(column);
    }
    table
}

fn key(columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    for column in columns {
        index.col(Alias::new(*column));
    }
    index
}

/// A child row goes with its parent.
fn owned_by(from: (&'static str, &'static str), to: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("fk_{}_{}", from.0, from.1))
        .from(Alias::new(from.0), Alias::new(from.1))
        .to(Alias::new(to), Alias::new("id"))
        .on_delete(ForeignKeyAction::Cascade)
        .take()
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        table(
            "stored_files",
            vec![
                pk_uuid("id"),
                string_len_uniq("object_key", 255),
                big_integer("bytes"),
                big_integer("created_at"),
                big_integer_null("doomed_at"),
                boolean("deleting"),
            ],
        ),
        table(
            "file_refs",
            vec![
                uuid("file_id"),
                string_len("holder_kind", 16),
                uuid("holder_id"),
            ],
        )
        .primary_key(&mut key(&["file_id", "holder_kind", "holder_id"]))
        .foreign_key(
            ForeignKey::create()
                .name("fk_file_refs_file_id")
                .from(Alias::new("file_refs"), Alias::new("file_id"))
                .to(Alias::new("stored_files"), Alias::new("id")),
        )
        .take(),
        table(
            "sources",
            vec![
                pk_uuid("id"),
                string_len("owner", 191),
                string_len("name", 1000),
                uuid("file_id"),
                string_len("object_key", 255),
                big_integer("bytes"),
                string_len_null("sha256", 64),
                long_null("media_json"),
                big_integer("created_at"),
            ],
        ),
        table(
            "uploads",
            vec![
                pk_uuid("id"),
                string_len("owner", 191),
                string_len("name", 1000),
                long("metadata"),
                big_integer_null("length"),
                big_integer("offset"),
                string_len("object_key", 255),
                uuid_null("file_id"),
                long("sink_json"),
                uuid_null("lock_token"),
                big_integer_null("lock_until"),
                boolean("lock_break"),
                boolean("complete"),
                uuid_null("source_id"),
                big_integer_null("expires_at"),
                big_integer("created_at"),
            ],
        ),
        table(
            "jobs",
            vec![
                pk_uuid("id"),
                string_len("owner", 191),
                string_len("name", 1000),
                uuid("source_id"),
                string_len("state", 32),
                long("state_json"),
                small_integer("priority"),
                boolean("paused"),
                boolean("strict"),
                big_integer_null("expire_after_s"),
                uuid_null("retry_of"),
                long("metadata_json"),
                long("warnings_json"),
                big_integer("version"),
                big_integer("event_seq"),
                big_integer("created_at"),
                big_integer_null("started_at"),
                big_integer_null("finished_at"),
            ],
        ),
        table(
            "outputs",
            vec![
                pk_uuid("id"),
                uuid("job_id"),
                integer("position"),
                string_len("preset", 64),
                long("preset_json"),
                string_len("file_name", 255),
                string_len("state", 32),
                long("state_json"),
                long_null("planned_json"),
                integer("failures"),
                big_integer_null("expires_at"),
            ],
        )
        .foreign_key(&mut owned_by(("outputs", "job_id"), "jobs"))
        .take(),
        tasks(),
        table(
            "task_needs",
            vec![uuid("task_id"), integer("position"), uuid("need_id")],
        )
        .primary_key(&mut key(&["task_id", "position"]))
        .foreign_key(&mut owned_by(("task_needs", "task_id"), "tasks"))
        .take(),
        table(
            "job_events",
            vec![
                big_pk_auto("id"),
                uuid("job_id"),
                string_len("owner", 191),
                big_integer("seq"),
                string_len("kind", 16),
                long("body_json"),
                big_integer("at"),
            ],
        ),
        table(
            "workers",
            vec![
                pk_uuid("id"),
                string_len("name", 255),
                long("info_json"),
                string_len("wanted", 16),
                boolean("drain_ordered"),
                big_integer("first_seen"),
                big_integer("seen_at"),
                big_integer_null("gone_at"),
            ],
        ),
        table(
            "lanes",
            vec![
                string_len("name", 64).primary_key().take(),
                boolean("paused"),
                big_integer("claims"),
            ],
        ),
        table(
            "idempotency_keys",
            vec![
                string_len("owner", 191),
                string_len("key", 255),
                string_len("body_hash", 64),
                uuid("job_id"),
                big_integer("created_at"),
            ],
        )
        .primary_key(&mut key(&["owner", "key"]))
        .take(),
        table(
            "prefix_sweeps",
            vec![
                big_pk_auto("id"),
                string_len("prefix", 255),
                big_integer("due_at"),
                integer("left"),
            ],
        ),
    ]
}

fn tasks() -> TableCreateStatement {
    table(
        "tasks",
        vec![
            pk_uuid("id"),
            uuid("job_id"),
            uuid_null("output_id"),
            string_len("owner", 191),
            string_len("kind", 16),
            string_len("lane", 64),
            long("spec_json"),
            double("cost_s"),
            string_len("state", 16),
            integer("waiting_on"),
            integer("attempt"),
            integer("failures"),
            integer("losses"),
            uuid_null("avoid"),
            uuid_null("run_id"),
            uuid_null("worker_id"),
            big_integer_null("until"),
            long_null("result_json"),
            long_null("failure_json"),
            big_integer("frames"),
            small_integer("priority"),
            boolean("paused"),
            big_integer("version"),
            big_integer("created_at"),
            big_integer_null("ready_at"),
        ],
    )
    .foreign_key(&mut owned_by(("tasks", "job_id"), "jobs"))
    .take()
}

/// Table, columns, unique.
const INDEXES: &[(&str, &[&str], bool)] = &[
    ("stored_files", &["doomed_at"], false),
    ("file_refs", &["holder_id"], false),
    ("sources", &["file_id"], false),
    ("uploads", &["expires_at"], false),
    ("jobs", &["owner", "created_at", "id"], false),
    ("jobs", &["created_at", "id"], false),
    ("jobs", &["state", "priority", "created_at"], false),
    ("jobs", &["source_id"], false),
    ("jobs", &["finished_at"], false),
    ("outputs", &["job_id", "position"], true),
    ("outputs", &["expires_at"], false),
    ("tasks", &["job_id", "state"], false),
    ("tasks", &["lane", "state", "paused", "priority"], false),
    ("tasks", &["state", "until"], false),
    ("tasks", &["worker_id", "state"], false),
    ("task_needs", &["need_id"], false),
    ("job_events", &["job_id", "seq"], true),
    ("job_events", &["owner", "id"], false),
    ("job_events", &["at"], false),
    ("workers", &["seen_at"], false),
    ("idempotency_keys", &["created_at"], false),
    ("prefix_sweeps", &["due_at"], false),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// All or nothing where the backend can (SQLite; MySQL commits after every table).
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        for (table, columns, unique) in INDEXES {
            let name = format!("ix_{table}_{}", columns.join("_"));
            // MySQL knows no `IF NOT EXISTS` here.
            if manager.has_index(table, &name).await? {
                continue;
            }
            let mut index = key(columns);
            index.name(name).table(Alias::new(*table));
            if *unique {
                index.unique();
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_can_be_written_for_mysql() {
        let sql: Vec<String> = tables()
            .iter()
            .map(|t| t.to_string(MysqlQueryBuilder))
            .collect();
        assert_eq!(sql.len(), 13);
        let tasks = sql.iter().find(|s| s.contains("`tasks`")).unwrap();
        for column in [
            "`id` binary(16) NOT NULL PRIMARY KEY",
            "`spec_json` longtext NOT NULL",
            "`until` bigint NULL",
        ] {
            assert!(tasks.contains(column), "{column} in {tasks}");
        }
        assert!(
            sql.iter()
                .any(|s| s.contains("`id` bigint NOT NULL PRIMARY KEY AUTO_INCREMENT")),
            "{sql:#?}"
        );
    }
}
