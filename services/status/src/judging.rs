//! Whether leases and deadlines may be judged: only when broker, events and database have been well for one full lease. An
//! outage of any of them must not look like the death of every worker.

use reelmill_domain::time::Timestamp;
use reelmill_runtime::metrics;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Events may lag behind by so much.
const LAG: Duration = Duration::from_secs(1);
/// How late events are is known for so long after it was measured. Marks come twice a second from every replica, and any
/// replica may get them.
const KNOWN: Duration = Duration::from_secs(3);
/// The database's clock and ours may part by so much between two looks; more: this process, or its machine, was asleep.
const LEAP_MS: i64 = 3_000;

/// What is known.
#[derive(Debug, Default)]
struct Known {
    /// When events were last found to lag little.
    punctual: Option<Instant>,
    /// Since when everything has been well.
    well_since: Option<Instant>,
    /// The database's clock, and ours, at the last look.
    clock: Option<(Timestamp, Instant)>,
}

/// What is known of broker, events and database.
#[derive(Debug, Default)]
pub struct Judging {
    known: Mutex<Known>,
}

impl Judging {
    /// A mark that was sent at `sent`, by the database's clock, came through, and all that was ahead of it is committed.
    pub fn passed(&self, sent: Timestamp) {
        let now = Instant::now();
        let mut known = self.lock();
        // Without the database's clock nothing can be said yet.
        let Some((then, at)) = known.clock else {
            return;
        };
        let database = then.plus_ms(millis(now.duration_since(at)));
        let late = Duration::from_millis(u64::try_from(database.since_ms(sent)).unwrap_or(0));
        metrics::event_lag(late);
        if late > LAG {
            known.punctual = None;
            known.well_since = None;
        } else {
            known.punctual = Some(now);
        }
    }

    /// Something that judging depends on failed.
    pub fn unwell(&self) {
        *self.lock() = Known::default();
    }

    /// A look, about once a second, with the database's clock. Returns for how long everything has been well.
    pub fn look(&self, database: Timestamp) -> Duration {
        let now = Instant::now();
        let mut known = self.lock();
        let slept = known.clock.is_some_and(|(then, at)| {
            let ours = millis(now.duration_since(at));
            (database.since_ms(then) - ours).abs() > LEAP_MS || ours > LEAP_MS
        });
        let unknown = known
            .punctual
            .is_none_or(|at| now.duration_since(at) > KNOWN);
        known.clock = Some((database, now));
        if slept {
            known.punctual = None;
        }
        if slept || unknown {
            known.well_since = None;
            return Duration::ZERO;
        }
        now.duration_since(*known.well_since.get_or_insert(now))
    }

    /// Nothing that panics runs under the lock.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Looks once a second; a mark has just come through that was so late, or none came.
    async fn seconds(
        judging: &Judging,
        n: i64,
        database: &mut i64,
        late_ms: Option<i64>,
    ) -> Duration {
        let mut well = Duration::ZERO;
        for _ in 0..n {
            tokio::time::advance(SECOND).await;
            *database += 1000;
            if let Some(late) = late_ms {
                judging.passed(Timestamp(*database - late));
            }
            well = judging.look(Timestamp(*database));
        }
        well
    }

    #[tokio::test(start_paused = true)]
    async fn it_may_be_judged_only_while_everything_is_well() {
        let (judging, mut database) = (Judging::default(), 0);
        let start = judging.look(Timestamp(0));
        assert_eq!(start, Duration::ZERO, "nothing is known yet");
        let well = seconds(&judging, 11, &mut database, Some(20)).await;
        assert_eq!(well, 10 * SECOND);
        let well = seconds(&judging, 1, &mut database, Some(1_500)).await;
        assert_eq!(well, Duration::ZERO, "events lag behind");
        let well = seconds(&judging, 5, &mut database, Some(900)).await;
        assert_eq!(well, 4 * SECOND);
        let well = seconds(&judging, 3, &mut database, None).await;
        assert_eq!(well, 7 * SECOND, "the last mark is not old");
        let well = seconds(&judging, 1, &mut database, None).await;
        assert_eq!(well, Duration::ZERO, "no mark comes through");
        seconds(&judging, 5, &mut database, Some(0)).await;
        judging.unwell();
        let well = seconds(&judging, 1, &mut database, Some(0)).await;
        assert_eq!(well, Duration::ZERO);
        let well = seconds(&judging, 6, &mut database, Some(0)).await;
        assert_eq!(well, 5 * SECOND);
        // The machine slept: our clock stood still, the database's went on.
        database += 60_000;
        let well = seconds(&judging, 1, &mut database, None).await;
        assert_eq!(well, Duration::ZERO);
        let well = seconds(&judging, 3, &mut database, Some(0)).await;
        assert_eq!(well, 2 * SECOND);
    }
}
