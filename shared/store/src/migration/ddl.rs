//! Steps of migrations that can be taken twice: each looks first. Knows no table by name.

use crate::{StoreError, error::Attempt};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use sea_orm_migration::prelude::*;

/// A column of an index.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Up(&'static str),
    Down(&'static str),
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Up(name) | Self::Down(name) => name,
        }
    }
}

/// Whether there is a table, without the right to change any.
pub(super) async fn has_table<C: ConnectionTrait>(db: &C, table: &str) -> Result<bool, StoreError> {
    let backend = db.get_database_backend();
    let sql = match backend {
        DbBackend::MySql => {
            "SELECT COUNT(*) AS n FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?"
        }
        _ => "SELECT COUNT(*) AS n FROM sqlite_master WHERE type = 'table' AND name = ?",
    };
    let row = db
        .query_one_raw(Statement::from_sql_and_values(backend, sql, [table.into()]))
        .await
        .attempt("looking for a table")?;
    let n: Option<i64> = row
        .map(|row| row.try_get("", "n"))
        .transpose()
        .attempt("looking for a table")?;
    Ok(n.is_some_and(|n| n > 0))
}

/// Adds a column, if it isn't there. It must be nullable or have a default: the version before doesn't know it.
pub(super) async fn add_column(
    manager: &SchemaManager<'_>,
    table: &'static str,
    column: ColumnDef,
) -> Result<(), DbErr> {
    if manager.has_column(table, column.get_column_name()).await? {
        return Ok(());
    }
    let mut alter = Table::alter();
    alter.table(Alias::new(table)).add_column(column);
    manager.alter_table(alter).await
}

/// Makes an index, if it isn't there.
pub(super) async fn add_index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    parts: &[Part],
) -> Result<(), DbErr> {
    let name = index_name(table, &parts.iter().map(|p| p.name()).collect::<Vec<_>>());
    // MySQL knows no `IF NOT EXISTS` here.
    if manager.has_index(table, &name).await? {
        return Ok(());
    }
    let mut index = Index::create();
    index.name(name).table(Alias::new(table));
    for part in parts {
        let order = match part {
            Part::Up(_) => IndexOrder::Asc,
            Part::Down(_) => IndexOrder::Desc,
        };
        index.col((Alias::new(part.name()), order));
    }
    manager.create_index(index).await
}

/// Drops an index that another one stands in for, if it is there.
pub(super) async fn drop_index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&str],
) -> Result<(), DbErr> {
    let name = index_name(table, columns);
    if !manager.has_index(table, &name).await? {
        return Ok(());
    }
    let mut index = Index::drop();
    index.name(name).table(Alias::new(table));
    manager.drop_index(index).await
}

fn index_name(table: &str, columns: &[&str]) -> String {
    format!("ix_{table}_{}", columns.join("_"))
}

/// On MySQL, the collation that compares text as SQLite does: by its characters, no two alike, trailing spaces counted.
/// MariaDB and MySQL name it differently.
pub(super) async fn exact_collation(manager: &SchemaManager<'_>) -> Result<Option<String>, DbErr> {
    let backend = manager.get_database_backend();
    if backend != DbBackend::MySql {
        return Ok(None);
    }
    let row = manager
        .get_connection()
        .query_one_raw(Statement::from_string(backend, "SELECT VERSION() AS v"))
        .await?;
    let version: String = row.map_or_else(|| Ok(String::new()), |row| row.try_get("", "v"))?;
    Ok(Some(match version.contains("MariaDB") {
        true => "utf8mb4_nopad_bin".to_owned(),
        false => "utf8mb4_0900_bin".to_owned(),
    }))
}

/// Has every text of a table kept as utf8mb4 and compared by `collation`, whatever the database's default is.
pub(super) async fn collate(
    manager: &SchemaManager<'_>,
    table: &'static str,
    collation: &str,
) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let sql = "SELECT CAST(table_collation AS CHAR) AS c FROM information_schema.tables \
        WHERE table_schema = DATABASE() AND table_name = ?";
    let backend = DbBackend::MySql;
    let row = db
        .query_one_raw(Statement::from_sql_and_values(backend, sql, [table.into()]))
        .await?;
    let now: String = row.map_or_else(|| Ok(String::new()), |row| row.try_get("", "c"))?;
    if now == collation {
        return Ok(());
    }
    let sql = format!("ALTER TABLE `{table}` CONVERT TO CHARACTER SET utf8mb4 COLLATE {collation}");
    db.execute_unprepared(&sql).await.map(|_| ())
}
