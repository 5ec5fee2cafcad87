//! Tasks that this worker gives back because they are to avoid it. Another one should take them; but when a task comes back
//! again and again, there is no other that can: then this one tries, so that it doesn't go round for ever.

use reelmill_domain::id::TaskId;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// What has not come for so long was done by somebody, or is no more.
const FORGOTTEN: Duration = Duration::from_secs(3600);

/// What was given back lately.
pub struct Returned {
    /// For so long others are left to take it.
    patience: Duration,
    tasks: Mutex<BTreeMap<TaskId, Seen>>,
}

struct Seen {
    first: Instant,
    last: Instant,
}

impl Returned {
    /// Nothing yet.
    pub fn none(patience: Duration) -> Self {
        Self {
            patience,
            tasks: Mutex::default(),
        }
    }

    /// Whether to give back this task, which is to avoid this worker.
    pub fn gives_back(&self, task: TaskId) -> bool {
        self.gives_back_at(task, Instant::now())
    }

    fn gives_back_at(&self, task: TaskId, now: Instant) -> bool {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|_, seen| now - seen.last < FORGOTTEN);
        let seen = tasks.entry(task).or_insert(Seen {
            first: now,
            last: now,
        });
        seen.last = now;
        let again = now - seen.first < self.patience;
        if !again {
            tasks.remove(&task);
        }
        again
    }
}

#[cfg(test)]
mod tests {
    use super::Returned;
    use reelmill_domain::id::TaskId;
    use std::time::{Duration, Instant};
    use uuid::Uuid;

    #[test]
    fn what_comes_again_and_again_is_taken_in_the_end() {
        let returned = Returned::none(Duration::from_secs(20));
        let (task, other) = (TaskId(Uuid::now_v7()), TaskId(Uuid::now_v7()));
        let begin = Instant::now();
        let at = |task, s| returned.gives_back_at(task, begin + Duration::from_secs(s));
        assert!(at(task, 0) && at(other, 1) && at(task, 10) && at(task, 19));
        assert!(!at(task, 20), "nobody else takes it");
        assert!(at(task, 21), "it failed here again");
        assert!(!at(other, 600), "others had their time");
        assert!(at(task, 601 + 3600), "that was long ago");
    }
}
