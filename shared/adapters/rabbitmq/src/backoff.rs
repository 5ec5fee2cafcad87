//! How long to wait before the next connection: soon at first, then less often, and never in step with others.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// Grows with every failure in a row.
pub struct Backoff(Duration);

impl Backoff {
    /// Nothing has failed yet.
    pub fn new() -> Self {
        Self(FIRST)
    }

    /// Something worked.
    pub fn reset(&mut self) {
        self.0 = FIRST;
    }

    /// The next pause: half to all of the bound, which doubles, so that a fleet that lost its broker comes back spread out.
    pub fn next(&mut self) -> Duration {
        let bound = self.0;
        self.0 = (bound * 2).min(LONGEST);
        // Seeded anew by every process and every call; fate enough for a pause.
        let share = f64::from(RandomState::new().hash_one(bound) as u32) / f64::from(u32::MAX);
        bound.mul_f64(0.5 + share / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_are_never_nought() {
        let mut backoff = Backoff::new();
        let pauses: Vec<_> = (0..20).map(|_| backoff.next()).collect();
        assert!(pauses[0] >= FIRST / 2 && pauses[0] <= FIRST);
        assert!(pauses[19] >= LONGEST / 2 && pauses[19] <= LONGEST);
        backoff.reset();
        assert!(backoff.next() <= FIRST);
    }

    #[test]
    fn two_processes_do_not_pause_alike() {
        let pauses: std::collections::BTreeSet<_> =
            (0..20).map(|_| Backoff::new().next()).collect();
        assert!(pauses.len() > 10, "{pauses:?}");
    }
}
