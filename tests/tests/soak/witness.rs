//! A witness inside the database: triggers write down what may happen once only, whoever did it and whatever became of it.

use anyhow::{Context, Result, ensure};
use reelmill_tests::cluster::Database;
use reelmill_tests::wait::{secs, until};

/// Table, what is noted, and when.
const NOTED: &[(&str, &str, &str)] = &[
    (
        "tasks",
        "task accepted",
        "NEW.state = 'succeeded' AND OLD.state <> 'succeeded'",
    ),
    (
        "tasks",
        "ended task changed",
        "OLD.state IN ('succeeded', 'failed', 'cancelled') AND NEW.state <> OLD.state",
    ),
    (
        "outputs",
        "output published",
        "NEW.state = 'published' AND OLD.state <> 'published'",
    ),
    (
        "jobs",
        "job ended",
        "NEW.state IN ('completed', 'partially_completed', 'failed', 'cancelled') AND NEW.state <> OLD.state",
    ),
];

/// Sets it up.
pub async fn watch(database: &Database) -> Result<()> {
    let table = "CREATE TABLE soak_noted (no BIGINT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(32), id BINARY(16))";
    database.execute(table).await?;
    for (number, (table, what, when)) in NOTED.iter().enumerate() {
        let trigger = format!(
            "CREATE TRIGGER soak_{number} AFTER UPDATE ON {table} FOR EACH ROW \
             INSERT INTO soak_noted (what, id) SELECT '{what}', NEW.id FROM DUAL WHERE {when}"
        );
        database.execute(&trigger).await.context("a trigger")?;
    }
    Ok(())
}

/// How often something was noted.
pub async fn noted(database: &Database, what: &str) -> Result<i64> {
    let sql = format!("SELECT COUNT(*) FROM soak_noted WHERE what = '{what}'");
    database.count(&sql).await
}

/// Nothing happened twice, and what has ended stayed as it was.
pub async fn testify(database: &Database) -> Result<()> {
    let accepted = noted(database, "task accepted").await?;
    ensure!(accepted > 0, "the witness saw no task accepted");
    let sql = "SELECT CONCAT(what, ' ', COUNT(*), ' times: ', LOWER(HEX(id))) FROM soak_noted \
        GROUP BY what, id HAVING COUNT(*) > 1 OR what = 'ended task changed'";
    let twice = database.texts(sql).await?;
    ensure!(twice.is_empty(), "seen more than once: {twice:#?}");
    Ok(())
}

/// No row is left that belongs to nothing.
pub async fn no_orphans(database: &Database) -> Result<()> {
    let references = "SELECT CONCAT('reference of ', holder_kind, ' ', LOWER(HEX(holder_id))) FROM file_refs WHERE \
        (holder_kind = 'job' AND holder_id NOT IN (SELECT id FROM jobs)) OR \
        (holder_kind = 'upload' AND holder_id NOT IN (SELECT id FROM uploads)) OR \
        (holder_kind = 'output' AND holder_id NOT IN (SELECT id FROM outputs))";
    let sources = "SELECT CONCAT('source ', LOWER(HEX(id))) FROM sources WHERE \
        id NOT IN (SELECT source_id FROM jobs) AND \
        id NOT IN (SELECT source_id FROM uploads WHERE source_id IS NOT NULL)";
    let parts = "SELECT CONCAT('task ', LOWER(HEX(id))) FROM tasks WHERE job_id NOT IN (SELECT id FROM jobs) \
        UNION ALL SELECT CONCAT('output ', LOWER(HEX(id))) FROM outputs WHERE job_id NOT IN (SELECT id FROM jobs)";
    let last = std::cell::RefCell::new(Vec::new());
    let gone = until("rows that belong to nothing to go", secs(120), || async {
        let mut rows = database.texts(references).await?;
        rows.extend(database.texts(sources).await?);
        rows.extend(database.texts(parts).await?);
        let none = rows.is_empty();
        last.replace(rows);
        Ok(none.then_some(()))
    });
    gone.await.with_context(|| format!("{:#?}", last.borrow()))
}
