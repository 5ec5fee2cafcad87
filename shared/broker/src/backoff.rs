//! How long to wait before trying again: soon at first, then less and less often, up to a bound; never all at the same
//! moment.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// The first pause at most.
const FIRST: Duration = Duration::from_millis(100);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(5);

/// Grows with every failure in a row.
#[derive(Debug)]
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

    /// The next pause: half to all of a bound that doubles, from 100 ms to 5 s, so that a fleet that lost its broker
    /// comes back spread out.
    pub fn pause(&mut self) -> Duration {
        let bound = self.0;
        self.0 = (bound * 2).min(LONGEST);
        // Seeded anew by every process and every call; fate enough for a pause.
        let share = f64::from(RandomState::new().hash_one(bound) as u32) / f64::from(u32::MAX);
        bound.mul_f64(0.5 + share / 2.0)
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_bound_and_begin_anew() {
        let mut backoff = Backoff::new();
        let pauses: Vec<_> = (0..20).map(|_| backoff.pause()).collect();
        assert!(pauses[0] >= FIRST / 2 && pauses[0] <= FIRST);
        assert!(
            pauses[19] >= LONGEST / 2 && pauses[19] <= LONGEST,
            "{pauses:?}"
        );
        backoff.reset();
        assert!(backoff.pause() <= FIRST);
    }

    #[test]
    fn two_that_fail_together_do_not_come_back_together() {
        let pauses: std::collections::BTreeSet<_> =
            (0..20).map(|_| Backoff::new().pause()).collect();
        assert!(pauses.len() > 10, "{pauses:?}");
    }
}
