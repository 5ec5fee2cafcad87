//! How long to wait before trying again: soon at first, then less and less often, up to a bound; never all workers at
//! the same moment.

use std::time::Duration;
use uuid::Uuid;

/// The first pause at most.
const FIRST: Duration = Duration::from_millis(100);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(5);

/// Grows with every failure in a row.
pub struct Backoff(Duration);

impl Backoff {
    /// Nothing has failed yet.
    pub fn new() -> Self {
        Self(FIRST)
    }

    /// Something worked: start anew.
    pub fn reset(&mut self) {
        self.0 = FIRST;
    }

    /// Pauses, longer each time.
    pub async fn wait(&mut self) {
        tokio::time::sleep(self.next()).await;
    }

    /// Between half the pause and all of it, by chance.
    fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (self.0 * 2).min(LONGEST);
        // A fresh id ends in random bits (RFC 9562, UUIDv7).
        let chance = f64::from(Uuid::now_v7().as_fields().3[7]) / 255.0;
        pause.mul_f64(0.5 + chance / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Backoff, FIRST, LONGEST};

    #[test]
    fn pauses_grow_to_their_bound_and_begin_anew() {
        let mut backoff = Backoff::new();
        let pauses: Vec<_> = (0..20).map(|_| backoff.next()).collect();
        assert!(pauses[0] >= FIRST / 2 && pauses[0] <= FIRST);
        assert!(
            pauses[19] >= LONGEST / 2 && pauses[19] <= LONGEST,
            "{pauses:?}"
        );
        backoff.reset();
        assert!(backoff.next() <= FIRST);
    }

    #[test]
    fn two_that_fail_together_do_not_come_back_together() {
        let pause = || Backoff::new().next();
        let first = pause();
        assert!((0..100).any(|_| pause() != first));
    }
}
