//! Jobs from the database and the latest progress, as the API shows them.

use crate::{
    core::Core,
    waiting::{Takers, waiting_for},
};
use reelmill_domain::{
    api::{
        JobView, WorkerState,
        render::{JobFacts, LiveTask, Work, job_view},
    },
    id::JobId,
};
use reelmill_store::{
    StoreError, now,
    read::{self, JobRecord, Running, Tally},
    workers,
};

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
    let (tallies, running, takers) = if open.is_empty() {
        (Vec::new(), Vec::new(), Takers::default())
    } else {
        (
            read::tallies(db, &open).await?,
            read::running(db).await?,
            takers(core).await?,
        )
    };
    let view = |record: &JobRecord| {
        let job = &record.job;
        let waiting_for = waiting_for(job, &tallies, &takers);
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

/// Lanes that workers take tasks from, or would.
async fn takers(core: &Core) -> Result<Takers, StoreError> {
    let (db, lease_ms) = (core.store.db(), core.config.lease_ms());
    let at = now(db).await?;
    let mut takers = Takers::default();
    // Who was silent for longer takes nothing.
    for worker in workers::heard_within(db, lease_ms).await? {
        let state = worker.state(at, lease_ms);
        let lanes = worker.info.lanes.into_iter().filter(|l| l.slots > 0);
        let lanes = lanes.map(|l| l.lane);
        match state {
            WorkerState::Live => takers.live.extend(lanes),
            WorkerState::Disabled => takers.disabled.extend(lanes),
            WorkerState::Draining | WorkerState::Lost => {}
        }
    }
    Ok(takers)
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
