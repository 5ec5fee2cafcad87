//! The sweeper: deletes objects that nobody holds, then their rows. Never a file that still has a reference. What can't
//! be swept waits for the next round and holds up nothing behind it. Several replicas sweep beside each other: each takes what
//! it sweeps. Uploads that expire are webapp's.

mod prefix;
mod unfinished;

use crate::core::Core;
use reelmill_domain::event::JobEvent;
use reelmill_objects::ObjectError;
use reelmill_runtime::metrics;
use reelmill_store::{Change, StoreError, apply, sweep};
use std::time::Duration;
use thiserror::Error;
use tokio::time::Instant;

/// At most so many of a kind in one round.
const BATCH: u64 = 200;
/// Ended jobs that go in one round.
const JOBS: u64 = 1000;
/// Two rounds are at least so far apart, however often it is woken.
const PAUSE: Duration = Duration::from_millis(500);
/// A stopped run may still be writing for a lease and so long.
const GRACE_MS: i64 = 10_000;
/// Old rows are looked for so rarely, however often it is woken: that reads whole tables, and nobody waits for it.
const OLD_ROWS_EVERY: Duration = Duration::from_secs(600);
/// Prefixes taken at once: all are to be swept within the minute for which they are ours.
const PREFIXES: u64 = 20;
/// What was begun and not ended is looked for this much less often: stores list it slowly.
const UNFINISHED_EVERY: u32 = 10;

/// Why a round broke off.
#[derive(Debug, Error)]
enum SweepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Objects(#[from] ObjectError),
}

/// Sweeps for ever.
pub async fn run(core: &Core) {
    let mut old_rows = Seldom::new(OLD_ROWS_EVERY);
    let mut old_jobs = Seldom::new(core.config.sweep_every);
    let mut old_unfinished = Seldom::new(core.config.sweep_every * UNFINISHED_EVERY);
    let mut leftovers = unfinished::Leftovers::default();
    loop {
        report("expired outputs", outputs(core).await);
        if old_jobs.due() {
            report("ended jobs", ended_jobs(core).await);
        }
        report("files that nobody holds", files(core).await);
        report("work files", prefixes(core).await);
        if old_unfinished.due() {
            report("what was begun and not ended", leftovers.sweep(core).await);
        }
        if old_rows.due() {
            let swept = sweep::old_rows(&core.store).await;
            report("old rows", swept.map_err(SweepError::from));
        }
        tokio::time::sleep(PAUSE).await;
        tokio::select! {
            () = core.wakeups.sweep.notified() => {}
            () = tokio::time::sleep(core.config.sweep_every) => {}
        }
    }
}

fn report(what: &str, outcome: Result<(), SweepError>) {
    if let Err(error) = outcome {
        tracing::warn!(%error, "{what} could not all be swept; trying again");
    }
}

/// What is not done each time it is woken.
struct Seldom {
    every: Duration,
    last: Option<Instant>,
}

impl Seldom {
    /// Due at once.
    fn new(every: Duration) -> Self {
        Self { every, last: None }
    }

    /// Whether it is time again; if so, it is taken as done.
    fn due(&mut self) -> bool {
        let due = self.last.is_none_or(|last| last.elapsed() >= self.every);
        if due {
            self.last = Some(Instant::now());
        }
        due
    }
}

async fn outputs(core: &Core) -> Result<(), SweepError> {
    let mut outcome = Ok(());
    for (job, output) in sweep::expired_outputs(core.store.db(), BATCH).await? {
        let change = Change::Job(JobEvent::Expire(output));
        match apply(&core.store, job, change, &core.policy()).await {
            Ok(after) => {
                metrics::swept("output", 1);
                core.after(after).await;
            }
            Err(error) if error.is_not_found() => {}
            Err(error) => outcome = Err(error.into()),
        }
    }
    outcome
}

async fn ended_jobs(core: &Core) -> Result<(), SweepError> {
    if let Some(s) = core.config.retention_source_s {
        metrics::swept("source", sweep::release_sources(&core.store, s).await?);
    }
    if let Some(s) = core.config.retention_job_s {
        metrics::swept("job", sweep::ended_jobs(&core.store, s, JOBS).await?);
    }
    Ok(())
}

async fn files(core: &Core) -> Result<(), SweepError> {
    let mut outcome = Ok(());
    for (file, key) in sweep::take_doomed(&core.store, BATCH).await? {
        match core.objects.delete(&key).await {
            Ok(()) => {
                sweep::forget_file(&core.store, file).await?;
                metrics::swept("file", 1);
            }
            Err(error) => outcome = Err(error.into()),
        }
    }
    outcome
}

async fn prefixes(core: &Core) -> Result<(), SweepError> {
    let again_ms = core.config.lease_ms() + GRACE_MS;
    let mut outcome = Ok(());
    loop {
        let due = sweep::due_prefixes(core.store.db(), PREFIXES).await?;
        let more = due.len() as u64 == PREFIXES;
        for due in due {
            match prefix::sweep(core, &due).await {
                Ok(()) => sweep::swept(core.store.db(), &due, again_ms).await?,
                Err(error) => outcome = Err(error),
            }
        }
        if !more {
            return outcome;
        }
    }
}
