//! The latest progress of every run, in memory. Never goes backwards within a run, and forgets runs that fall silent.

use reelmill_domain::{
    api::render::LiveTask,
    id::{JobId, RunId, TaskId},
    wire::Progress,
};
use reelmill_store::read::Running;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// A run that says nothing for so long is forgotten.
const SILENCE: Duration = Duration::from_secs(60);
/// The pace is measured over about so long.
const WINDOW: Duration = Duration::from_secs(10);
/// Too short to measure a pace.
const GLIMPSE: Duration = Duration::from_millis(400);

/// Where a run was when.
#[derive(Debug, Clone, Copy)]
struct Mark {
    at: Instant,
    fraction: f64,
}

#[derive(Debug, Clone)]
struct Entry {
    latest: Progress,
    heard: Instant,
    /// The pace is measured from here…
    from: Mark,
    /// …until this one is old enough to take its place.
    next: Mark,
}

#[derive(Debug, Default)]
struct Entries {
    runs: BTreeMap<RunId, Entry>,
    changed: BTreeSet<JobId>,
}

/// The latest progress of all runs.
#[derive(Debug, Default)]
pub struct LatestProgress {
    entries: Mutex<Entries>,
}

impl LatestProgress {
    /// A run says how far it is.
    pub fn put(&self, mut progress: Progress) {
        let now = Instant::now();
        progress.fraction = if progress.fraction.is_finite() {
            progress.fraction.clamp(0.0, 1.0)
        } else {
            0.0
        };
        let mut entries = self.lock();
        entries
            .runs
            .retain(|_, entry| now.duration_since(entry.heard) < SILENCE);
        entries.changed.insert(progress.job);
        let mark = Mark {
            at: now,
            fraction: progress.fraction,
        };
        let Some(entry) = entries.runs.get_mut(&progress.run.run) else {
            let entry = Entry {
                heard: now,
                from: mark,
                next: mark,
                latest: progress,
            };
            entries.runs.insert(entry.latest.run.run, entry);
            return;
        };
        if progress.at < entry.latest.at {
            return;
        }
        entry.heard = now;
        progress.fraction = progress.fraction.max(entry.latest.fraction);
        progress.frames_done = progress.frames_done.max(entry.latest.frames_done);
        entry.latest = progress;
        if now.duration_since(entry.next.at) >= WINDOW {
            (entry.from, entry.next) = (entry.next, mark);
        }
    }

    /// How far these running tasks are, in no order. Those that have said nothing yet are left out.
    pub fn of(&self, running: &[Running]) -> Vec<LiveTask> {
        let entries = self.lock();
        let live = |task: &Running| {
            let entry = entries.runs.get(&task.run)?;
            let span = entry.heard.duration_since(entry.from.at);
            let gained = entry.latest.fraction - entry.from.fraction;
            Some(LiveTask {
                task: task.task,
                output: task.output,
                fraction: entry.latest.fraction,
                rate: (span >= GLIMPSE && gained > 0.0).then(|| gained / span.as_secs_f64()),
                frames_done: entry.latest.frames_done,
                speed: entry.latest.speed.max(0.0),
            })
        };
        running.iter().filter_map(live).collect()
    }

    /// How far a task is, 0 when it has said nothing.
    pub fn fraction(&self, task: TaskId, run: RunId) -> f64 {
        let entries = self.lock();
        entries
            .runs
            .get(&run)
            .filter(|e| e.latest.run.task == task)
            .map_or(0.0, |e| e.latest.fraction)
    }

    /// Jobs of which something was heard since the last call.
    pub fn take_changed(&self) -> Vec<JobId> {
        std::mem::take(&mut self.lock().changed)
            .into_iter()
            .collect()
    }

    /// Nothing that panics runs under the lock.
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reelmill_domain::{
        id::WorkerId,
        time::Timestamp,
        wire::{RunRef, SCHEMA, Stage},
    };
    use uuid::Uuid;

    fn said(fraction: f64, at: i64) -> Progress {
        Progress {
            schema: SCHEMA,
            run: RunRef {
                task: TaskId(Uuid::nil()),
                attempt: 1,
                run: RunId(Uuid::nil()),
            },
            job: JobId(Uuid::nil()),
            output: None,
            stage: Stage::Encode,
            fraction,
            frames_done: (fraction * 100.0) as u64,
            frames_total: 100,
            speed: 1.5,
            at: Timestamp(at),
        }
    }

    fn running() -> Running {
        Running {
            worker: WorkerId(Uuid::nil()),
            task: TaskId(Uuid::nil()),
            run: RunId(Uuid::nil()),
            kind: "encode".into(),
            job: JobId(Uuid::nil()),
            output: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn progress_never_runs_backwards_and_has_a_pace() {
        let latest = LatestProgress::default();
        assert!(latest.of(&[running()]).is_empty());
        latest.put(said(0.1, 1));
        assert_eq!(
            latest.of(&[running()])[0].rate,
            None,
            "one look has no pace"
        );
        tokio::time::advance(Duration::from_secs(2)).await;
        latest.put(said(0.5, 3));
        latest.put(said(0.3, 2));
        latest.put(said(0.4, 4));
        let live = &latest.of(&[running()])[0];
        assert_eq!((live.fraction, live.frames_done), (0.5, 50));
        assert!((live.rate.unwrap() - 0.2).abs() < 1e-9, "{live:?}");
        assert_eq!(latest.take_changed(), [JobId(Uuid::nil())]);
        assert!(latest.take_changed().is_empty());
        latest.put(said(f64::NAN, 5));
        assert_eq!(
            latest.fraction(TaskId(Uuid::nil()), RunId(Uuid::nil())),
            0.5
        );
        assert!(latest.of(&[]).is_empty());
    }
}
