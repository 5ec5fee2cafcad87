//! What must hold once a cluster's work is done, however it was disturbed (the invariants of the design): checked past all
//! services, in the database, the broker and the object store themselves.

use super::Cluster;
use crate::wait::{secs, until};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long the sweeper may take for what faults have left: it looks again after a lease and its grace.
const SWEPT: Duration = Duration::from_secs(90);

impl Cluster {
    /// Waits until nothing works any more and nothing is left over, and checks what must have happened once only.
    pub async fn at_rest(&self) -> Result<()> {
        self.all_ended().await?;
        self.published_once().await?;
        self.stories_are_whole().await?;
        self.queues_are_empty().await?;
        self.nothing_left_over().await
    }

    /// Every job, output and task is in a terminal state.
    pub async fn all_ended(&self) -> Result<()> {
        let jobs = "SELECT CONCAT('job ', LOWER(HEX(id)), ' ', state) FROM jobs \
             WHERE state NOT IN ('completed', 'partially_completed', 'failed', 'cancelled')";
        let outputs = "SELECT CONCAT('output ', LOWER(HEX(id)), ' ', state) FROM outputs \
             WHERE state NOT IN ('published', 'failed', 'cancelled', 'skipped', 'expired')";
        let tasks = "SELECT CONCAT('task ', LOWER(HEX(id)), ' ', kind, ' ', state) FROM tasks \
             WHERE state NOT IN ('succeeded', 'failed', 'cancelled')";
        self.none_of(
            "everything to have ended",
            secs(30),
            &[jobs, outputs, tasks],
        )
        .await
    }

    /// Waits until all these queries for a column of text give nothing.
    async fn none_of(&self, what: &str, within: Duration, queries: &[&str]) -> Result<()> {
        let last = std::cell::RefCell::new(Vec::new());
        let found = until(what, within, || async {
            let mut rows = Vec::new();
            for sql in queries {
                rows.extend(self.database().texts(sql).await?);
            }
            let none = rows.is_empty();
            last.replace(rows);
            Ok(none.then_some(()))
        })
        .await;
        found.with_context(|| format!("still there: {:?}", last.borrow()))
    }

    /// No output was told to be published twice, and none is published that was not told.
    pub async fn published_once(&self) -> Result<()> {
        let told = "SELECT JSON_UNQUOTE(JSON_EXTRACT(body_json, '$.output')) AS output FROM job_events \
             WHERE kind = 'output' AND JSON_UNQUOTE(JSON_EXTRACT(body_json, '$.state')) = 'published'";
        let twice = format!(
            "SELECT CAST(output AS CHAR) FROM ({told}) told GROUP BY output HAVING COUNT(*) > 1"
        );
        let twice = self.database().texts(&twice).await?;
        ensure!(twice.is_empty(), "published more than once: {twice:?}");
        let untold = format!(
            "SELECT LOWER(HEX(id)) FROM outputs WHERE state = 'published' \
             AND LOWER(HEX(id)) NOT IN (SELECT REPLACE(output, '-', '') FROM ({told}) told)"
        );
        let untold = self.database().texts(&untold).await?;
        ensure!(untold.is_empty(), "published without a word: {untold:?}");
        Ok(())
    }

    /// Every job's story is numbered from 1 without a gap.
    pub async fn stories_are_whole(&self) -> Result<()> {
        let gaps = "SELECT LOWER(HEX(job_id)) FROM job_events GROUP BY job_id \
             HAVING MAX(seq) <> COUNT(*) OR MIN(seq) <> 1 OR COUNT(DISTINCT seq) <> COUNT(*)";
        let gaps = self.database().texts(gaps).await?;
        ensure!(gaps.is_empty(), "stories with gaps: {gaps:?}");
        Ok(())
    }

    /// Every queue runs empty, the dead letters too.
    pub async fn queues_are_empty(&self) -> Result<()> {
        let last = std::cell::RefCell::new(Vec::new());
        let empty = until("the queues to be empty", secs(30), || async {
            let mut queues = self.rabbit().queues().await?;
            queues.retain(|q| q.ready + q.unacknowledged > 0);
            let none = queues.is_empty();
            last.replace(queues);
            Ok(none.then_some(()))
        })
        .await;
        empty.with_context(|| format!("{:?}", last.borrow()))
    }

    /// The object store holds the files that are referenced, whole, and nothing else; no row waits for a file that is gone.
    pub async fn nothing_left_over(&self) -> Result<()> {
        let last = std::cell::RefCell::new(String::new());
        let clean = until("leftovers to be swept", SWEPT, || async {
            let found = self.leftovers().await?;
            let clean = found.is_empty();
            last.replace(found.join("\n"));
            if !clean {
                // Listing a whole store is not free.
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            Ok(clean.then_some(()))
        })
        .await;
        clean.with_context(|| last.borrow().clone())
    }

    async fn leftovers(&self) -> Result<Vec<String>> {
        let kept = self
            .database()
            .texts(
                "SELECT CONCAT(object_key, ' ', bytes) FROM stored_files \
                 WHERE id IN (SELECT file_id FROM file_refs)",
            )
            .await?;
        let unreferenced = self
            .database()
            .texts("SELECT object_key FROM stored_files WHERE id NOT IN (SELECT file_id FROM file_refs)")
            .await?;
        let objects = self.objects().list().await?.into_iter();
        let lying = objects.map(|object| format!("{} {}", object.key, object.bytes));
        let (kept, lying): (BTreeSet<_>, BTreeSet<_>) =
            (kept.into_iter().collect(), lying.collect());
        let extra = lying
            .difference(&kept)
            .map(|k| format!("object without a row: {k}"));
        let missing = kept
            .difference(&lying)
            .map(|k| format!("row without its object: {k}"));
        let doomed = unreferenced
            .iter()
            .map(|k| format!("file without a reference: {k}"));
        let begun = self.objects().unfinished().await?;
        let begun = begun.iter().map(|k| format!("never ended: {k}"));
        Ok(extra.chain(missing).chain(doomed).chain(begun).collect())
    }
}
