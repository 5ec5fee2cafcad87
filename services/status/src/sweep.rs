//! The sweeper: deletes objects that nobody holds, then their rows. Never a file that still has a reference. What can't
//! be swept waits for the next round and holds up nothing behind it. Uploads that expire are webapp's.

use crate::core::Core;
use reelmill_domain::event::JobEvent;
use reelmill_objects::ObjectError;
use reelmill_store::{Change, StoreError, apply, sweep};
use std::time::Duration;
use thiserror::Error;
use tokio::time::Instant;

/// At most so many of a kind in one round.
const BATCH: u64 = 200;
/// Two rounds are at least so far apart, however often it is woken.
const PAUSE: Duration = Duration::from_millis(500);
/// A stopped run may still be writing for a lease and so long.
const GRACE_MS: i64 = 10_000;
/// Old rows are looked for so rarely, however often it is woken: that reads whole tables, and nobody waits for it.
const OLD_ROWS_EVERY: Duration = Duration::from_secs(600);
/// Objects listed at once.
const PAGE: usize = 500;

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
    let mut old_sources = Seldom::new(core.config.sweep_every);
    loop {
        report("expired outputs", outputs(core).await);
        if old_sources.due() {
            report("sources", sources(core).await);
        }
        report("files that nobody holds", files(core).await);
        report("work files", prefixes(core).await);
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
            Ok(after) => core.after(after).await,
            Err(error) if error.is_not_found() => {}
            Err(error) => outcome = Err(error.into()),
        }
    }
    outcome
}

async fn sources(core: &Core) -> Result<(), SweepError> {
    match core.config.retention_source_s {
        Some(s) => Ok(sweep::release_sources(&core.store, s).await?),
        None => Ok(()),
    }
}

async fn files(core: &Core) -> Result<(), SweepError> {
    let mut outcome = Ok(());
    for (file, key) in sweep::take_doomed(&core.store, BATCH).await? {
        match core.objects.delete(&key).await {
            Ok(()) => sweep::forget_file(&core.store, file).await?,
            Err(error) => outcome = Err(error.into()),
        }
    }
    outcome
}

async fn prefixes(core: &Core) -> Result<(), SweepError> {
    let again_ms = core.config.lease_ms() + GRACE_MS;
    let mut outcome = Ok(());
    for due in sweep::due_prefixes(core.store.db(), BATCH).await? {
        match strays(core, &due.prefix).await {
            Ok(()) => sweep::swept(core.store.db(), &due, again_ms).await?,
            Err(error) => outcome = Err(error),
        }
    }
    outcome
}

/// Deletes what lies under a prefix and is no stored file.
async fn strays(core: &Core, prefix: &str) -> Result<(), SweepError> {
    let mut cursor: Option<String> = None;
    loop {
        let page = core.objects.list(prefix, cursor.as_deref(), PAGE).await?;
        for object in page.objects {
            if !sweep::is_stored(core.store.db(), &object.key).await? {
                core.objects.delete(&object.key).await?;
            }
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(()),
        }
    }
}
