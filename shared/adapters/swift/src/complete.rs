//! Which groups of segments were found to be an object's, so that looking for what is left over does not ask for every
//! large object each time. Only for finding: nothing is removed because of it.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Groups remembered at most: two or three megabytes. What goes beyond that is asked for each time.
const MOST: usize = 100_000;
/// Remembered so long: the object may be replaced by another, and its segments stay behind.
const FOR: Duration = Duration::from_secs(6 * 3600);

/// Hashes of keys and groups, and until when they hold. A hash that two share, by a chance of one in billions, only hides
/// one of them until then.
#[derive(Default)]
pub struct Complete {
    hasher: RandomState,
    until: Mutex<HashMap<u64, Instant>>,
}

impl Complete {
    /// Whether the object of this key was made of this group not long ago.
    pub fn knows(&self, key: &str, group: &str) -> bool {
        self.knows_at(key, group, Instant::now())
    }

    /// The object of this key is made of this group.
    pub fn learn(&self, key: &str, group: &str) {
        self.learn_at(key, group, Instant::now());
    }

    fn knows_at(&self, key: &str, group: &str, now: Instant) -> bool {
        let until = self.lock().get(&self.hash(key, group)).copied();
        until.is_some_and(|until| now < until)
    }

    fn learn_at(&self, key: &str, group: &str, now: Instant) {
        let hash = self.hash(key, group);
        let mut all = self.lock();
        if all.len() >= MOST {
            all.retain(|_, until| now < *until);
        }
        if all.len() < MOST {
            all.insert(hash, now + FOR);
        }
    }

    fn hash(&self, key: &str, group: &str) -> u64 {
        self.hasher.hash_one((key, group))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Instant>> {
        // Every entry is good by itself, whatever happened to a thread that held it.
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_forgotten_again_and_is_bounded() {
        let (complete, now) = (Complete::default(), Instant::now());
        for group in 0..MOST + 10 {
            complete.learn_at("k", &group.to_string(), now);
        }
        assert_eq!(complete.lock().len(), MOST);
        assert!(complete.knows_at("k", "0", now + FOR / 2));
        assert!(!complete.knows_at("l", "0", now));
        assert!(!complete.knows_at("k", "0", now + FOR));
        assert!(!complete.knows_at("k", &MOST.to_string(), now));
        complete.learn_at("k", "new", now + FOR);
        assert_eq!(complete.lock().len(), 1);
        assert!(complete.knows_at("k", "new", now + FOR));
    }
}
