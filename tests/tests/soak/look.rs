//! Looks into database and broker while both are being broken: an answer in time, or none.

use reelmill_tests::cluster::{Database, Rabbit};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(2);

/// Jobs that have not ended.
pub const ACTIVE: &str = "SELECT COUNT(*) FROM jobs \
    WHERE state NOT IN ('completed', 'partially_completed', 'failed', 'cancelled')";

/// A number, unless the database can't be asked now.
pub async fn count(database: &Database, sql: &str) -> Option<u64> {
    let asked = tokio::time::timeout(PATIENCE, database.count(sql)).await;
    u64::try_from(asked.ok()?.ok()?).ok()
}

/// A column of text, unless the database can't be asked now.
pub async fn texts(database: &Database, sql: &str) -> Option<Vec<String>> {
    let asked = tokio::time::timeout(PATIENCE, database.texts(sql)).await;
    asked.ok()?.ok()
}

/// Connections that services have to the broker, unless it can't be asked now.
pub async fn connections(rabbit: &Rabbit) -> u64 {
    let asked = tokio::time::timeout(PATIENCE, rabbit.connections()).await;
    asked.map_or(0, |all| all.map_or(0, |all| all.len() as u64))
}

/// Connections that services have to the database.
pub async fn clients(database: &Database) -> u64 {
    let sql = "SELECT COUNT(*) - 1 FROM information_schema.processlist WHERE db = DATABASE()";
    count(database, sql).await.unwrap_or(0)
}

/// Tries until something is found, for so long.
pub async fn within<T, F>(time: Duration, mut look: impl FnMut() -> F) -> Option<T>
where
    F: Future<Output = Option<T>>,
{
    let deadline = tokio::time::Instant::now() + time;
    while tokio::time::Instant::now() < deadline {
        if let Some(found) = look().await {
            return Some(found);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    None
}
