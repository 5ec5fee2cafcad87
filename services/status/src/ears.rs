//! Whether status can trust its ears. Leases and deadlines are judged only when broker, events and database have been well
//! for one full lease: an outage of any of them must not look like the death of every worker.

use reelmill_broker::{Delivery, Messages};
use reelmill_domain::{time::Timestamp, wire::WorkerEvent};
use std::{
    pin::pin,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// A consumer that waited so long had nothing left to hear.
const IDLE: Duration = Duration::from_millis(5);
/// And says so again this often.
const STILL_IDLE: Duration = Duration::from_millis(200);
/// Events may lag behind by so much.
const LAG: Duration = Duration::from_secs(1);
/// The database's clock and ours may part by so much between two looks; more: this process, or its machine, was asleep.
const LEAP_MS: i64 = 3_000;

/// What was heard when.
#[derive(Debug, Default)]
struct Heard {
    /// When the event queue was last seen empty.
    caught_up: Option<Instant>,
    /// Since when everything has been well.
    well_since: Option<Instant>,
    /// The database's clock, and ours, at the last look.
    clock: Option<(Timestamp, Instant)>,
}

/// The ears.
#[derive(Debug, Default)]
pub struct Ears {
    heard: Mutex<Heard>,
}

impl Ears {
    /// The next event. Waiting for it is what shows that nothing lags behind, with no clock but our own.
    pub async fn next(&self, events: &mut Messages<WorkerEvent>) -> Option<Delivery<WorkerEvent>> {
        let mut next = pin!(events.next());
        let mut patience = IDLE;
        loop {
            tokio::select! {
                biased;
                event = &mut next => return event,
                () = tokio::time::sleep(patience) => self.lock().caught_up = Some(Instant::now()),
            }
            patience = STILL_IDLE;
        }
    }

    /// Something that hearing depends on failed.
    pub fn deaf(&self) {
        *self.lock() = Heard::default();
    }

    /// A look, about once a second, with the database's clock. Returns for how long everything has been well.
    pub fn look(&self, database: Timestamp) -> Duration {
        let now = Instant::now();
        let mut heard = self.lock();
        let slept = heard.clock.is_some_and(|(then, at)| {
            let ours = i64::try_from(now.duration_since(at).as_millis()).unwrap_or(i64::MAX);
            (database.since_ms(then) - ours).abs() > LEAP_MS || ours > LEAP_MS
        });
        let lags = heard
            .caught_up
            .is_none_or(|at| now.duration_since(at) > LAG);
        heard.clock = Some((database, now));
        if slept || lags {
            heard.well_since = None;
            return Duration::ZERO;
        }
        now.duration_since(*heard.well_since.get_or_insert(now))
    }

    /// Nothing that panics runs under the lock.
    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Looks once a second, with events caught up or not.
    async fn seconds(ears: &Ears, n: i64, database: &mut i64, idle: bool) -> Duration {
        let mut well = Duration::ZERO;
        for _ in 0..n {
            tokio::time::advance(SECOND).await;
            *database += 1000;
            if idle {
                ears.lock().caught_up = Some(Instant::now());
            }
            well = ears.look(Timestamp(*database));
        }
        well
    }

    #[tokio::test(start_paused = true)]
    async fn trust_grows_only_while_everything_is_well() {
        let (ears, mut database) = (Ears::default(), 0);
        assert_eq!(
            ears.look(Timestamp(0)),
            Duration::ZERO,
            "nothing was heard yet"
        );
        assert_eq!(seconds(&ears, 11, &mut database, true).await, 10 * SECOND);
        assert_eq!(
            seconds(&ears, 3, &mut database, false).await,
            Duration::ZERO,
            "events lag behind"
        );
        assert_eq!(seconds(&ears, 5, &mut database, true).await, 4 * SECOND);
        ears.deaf();
        assert_eq!(seconds(&ears, 1, &mut database, true).await, Duration::ZERO);
        assert_eq!(seconds(&ears, 5, &mut database, true).await, 5 * SECOND);
        // The machine slept: our clock stood still, the database's went on.
        database += 60_000;
        assert_eq!(seconds(&ears, 1, &mut database, true).await, Duration::ZERO);
        assert_eq!(seconds(&ears, 3, &mut database, true).await, 2 * SECOND);
    }
}
