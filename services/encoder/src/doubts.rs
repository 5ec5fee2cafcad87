//! What a worker makes of refusals that its look at the store doesn't explain: one object that is denied is its task's
//! trouble, but one after another means that this worker lacks a right that others have. Then it takes no tasks, lest it
//! fail those of a whole farm, and tries again later, at the cost of no task: less and less often while that goes wrong.

use reelmill_domain::id::TaskId;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// So many different tasks in a row, each refused another object, are the worker's fault.
const IN_A_ROW: usize = 3;

/// Refusals that are remembered of each kind.
const REMEMBERED: usize = 64;

/// A pause doubles so often at most.
const DOUBLINGS: u32 = 6;

/// What was refused: rights differ by what is done, and by where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// Fetching.
    In,
    /// Storing.
    Out,
}

/// What a refusal means.
#[derive(Debug, PartialEq, Eq)]
pub enum Meaning {
    /// It is the task's own trouble.
    Task,
    /// It is this worker's; the task has nothing to do with it.
    Worker,
    /// It is this worker's, but the task was refused here before: it may be both.
    Both,
}

/// What a worker thinks of itself.
pub struct Doubts {
    first_pause: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rows: BTreeMap<(Way, String), VecDeque<(TaskId, String)>>,
    /// Pauses in a row.
    pauses: u32,
    /// The last one's end.
    until: Option<Instant>,
}

impl Doubts {
    /// None. The first pause that they lead to is so long.
    pub fn none(first_pause: Duration) -> Self {
        Self {
            first_pause,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The store refused a task this, and nothing else that was tried out.
    pub fn refused(&self, way: Way, key: &str, task: TaskId) -> Meaning {
        let mut state = self.state();
        let row = state.rows.entry(kind(way, key)).or_default();
        let known = row.iter().any(|(before, _)| *before == task);
        if row.len() == REMEMBERED {
            row.pop_front();
        }
        row.push_back((task, key.to_owned()));
        let tasks: BTreeSet<_> = row.iter().map(|(task, _)| task).collect();
        let keys: BTreeSet<_> = row.iter().map(|(_, key)| key).collect();
        if tasks.len().min(keys.len()) < IN_A_ROW {
            return Meaning::Task;
        }
        let now = Instant::now();
        // Several may be refused in one trial.
        if state.until.is_none_or(|until| until <= now) {
            state.until = Some(now + self.first_pause * (1 << state.pauses.min(DOUBLINGS)));
            state.pauses += 1;
        }
        if known {
            Meaning::Both
        } else {
            Meaning::Worker
        }
    }

    /// The store did it.
    pub fn accepted(&self, way: Way, key: &str) {
        let mut state = self.state();
        if state.rows.remove(&kind(way, key)).is_some() && state.rows.is_empty() {
            *state = State::default();
        }
    }

    /// How long this worker should still take no tasks.
    pub fn pause(&self) -> Duration {
        let until = self.state().until;
        until.map_or(Duration::ZERO, |until| {
            until.saturating_duration_since(Instant::now())
        })
    }
}

/// By the first segment: sources, work and outputs may have rights of their own.
fn kind(way: Way, key: &str) -> (Way, String) {
    let first = key.split('/').next().unwrap_or_default();
    (way, first.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Doubts, Meaning, Way};
    use reelmill_domain::id::TaskId;
    use std::time::Duration;
    use uuid::Uuid;

    const PAUSE: Duration = Duration::from_secs(60);

    fn task() -> TaskId {
        TaskId(Uuid::now_v7())
    }

    #[test]
    fn one_after_another_is_the_workers_fault_and_tries_cost_no_new_task() {
        let doubts = Doubts::none(PAUSE);
        let first = task();
        let meanings = [first, task(), task(), task(), first]
            .into_iter()
            .enumerate()
            .map(|(n, task)| doubts.refused(Way::In, &format!("sources/{n}"), task));
        let (of_task, of_worker) = (|| Meaning::Task, || Meaning::Worker);
        let wanted = [
            of_task(),
            of_task(),
            of_worker(),
            of_worker(),
            Meaning::Both,
        ];
        assert_eq!(meanings.collect::<Vec<_>>(), wanted);
        assert!(doubts.pause() > Duration::ZERO && doubts.pause() <= PAUSE);
    }

    #[test]
    fn one_object_or_one_task_is_not_enough() {
        let doubts = Doubts::none(PAUSE);
        let stubborn = task();
        for n in 0..10 {
            let same_object = doubts.refused(Way::In, "sources/1", task());
            let same_task = doubts.refused(Way::Out, &format!("work/{n}"), stubborn);
            assert_eq!((same_object, same_task), (Meaning::Task, Meaning::Task));
        }
        assert_eq!(doubts.pause(), Duration::ZERO);
    }

    #[test]
    fn what_works_is_no_excuse_for_what_does_not() {
        let doubts = Doubts::none(PAUSE);
        for n in 0..2 {
            doubts.refused(Way::In, &format!("sources/{n}"), task());
        }
        doubts.accepted(Way::In, "work/1");
        doubts.accepted(Way::Out, "sources/1");
        assert_eq!(
            doubts.refused(Way::In, "sources/9", task()),
            Meaning::Worker
        );
        doubts.accepted(Way::In, "sources/9");
        assert_eq!(doubts.pause(), Duration::ZERO);
        assert_eq!(doubts.refused(Way::In, "sources/9", task()), Meaning::Task);
    }

    #[test]
    fn pauses_grow_with_each_trial_that_goes_wrong() {
        let doubts = Doubts::none(PAUSE);
        let mut pauses = Vec::new();
        for n in 0..12 {
            doubts.refused(Way::In, &format!("sources/{n}"), task());
            pauses.push(doubts.pause().as_secs_f64().round() / 60.0);
            if let Some(until) = &mut doubts.state().until {
                *until -= PAUSE * 100;
            }
        }
        let wanted = [0., 0., 1., 2., 4., 8., 16., 32., 64., 64., 64., 64.];
        assert_eq!(pauses, wanted);
    }
}
