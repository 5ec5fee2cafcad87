//! Jobs from the database and the latest progress, as the API shows them.

use crate::{core::Core, waiting::waiting_for};
use reelmill_domain::{
    api::{
        JobView,
        render::{JobFacts, LiveTask, Work, job_view},
    },
    id::JobId,
    lane::Lane,
};
use reelmill_store::{
    StoreError,
    read::{self, JobRecord, Running, Tally},
    workers,
};
use std::collections::BTreeSet;

/// The views of these jobs, in their order.
pub async fn of(core: &Core, records: &[JobRecord]) -> Result<Vec<JobView>, StoreError> {
    let db = core.store.db();
    let open: Vec<JobId> = records
        .iter()
        .map(|r| &r.job)
        .filter(|j| !j.state.is_terminal())
        .map(|j| j.id)
        .collect();
    // What has ended shows no progress: a page of old jobs costs nothing more.
    let (tallies, running, lanes) = if open.is_empty() {
        (Vec::new(), Vec::new(), BTreeSet::new())
    } else {
        (
            read::tallies(db, &open).await?,
            read::running(db).await?,
            live_lanes(core).await?,
        )
    };
    let view = |record: &JobRecord| {
        let job = &record.job;
        let waiting_for = waiting_for(job, &tallies, &lanes);
        let facts = JobFacts {
            source_name: &record.source_name,
            source_sha256: record.source_sha256.as_deref(),
            retry_of: record.retry_of,
            metadata: &record.metadata,
            created_at: record.created_at,
            position: record.position,
            waiting_for: waiting_for.as_deref(),
            prefix: core.config.prefix(),
        };
        job_view(
            job,
            &facts,
            &work(&tallies, job.id),
            &live(core, &running, job.id),
        )
    };
    Ok(records.iter().map(view).collect())
}

/// Lanes that a live worker takes tasks from.
async fn live_lanes(core: &Core) -> Result<BTreeSet<Lane>, StoreError> {
    let live = workers::live(core.store.db(), core.config.lease_ms()).await?;
    let lanes = live
        .into_iter()
        .flat_map(|w| w.info.lanes)
        .filter(|l| l.slots > 0);
    Ok(lanes.map(|l| l.lane).collect())
}

/// A job's work.
pub fn work(tallies: &[Tally], job: JobId) -> Vec<Work> {
    let mine = tallies.iter().filter(|t| t.job == job);
    mine.map(|t| Work {
        output: t.output,
        state: t.state.clone(),
        tasks: t.tasks,
        cost_s: t.cost_s,
        frames: t.frames,
    })
    .collect()
}

/// A job's runs.
pub fn live(core: &Core, running: &[Running], job: JobId) -> Vec<LiveTask> {
    let mine: Vec<Running> = running.iter().filter(|r| r.job == job).cloned().collect();
    core.latest.of(&mine)
}
