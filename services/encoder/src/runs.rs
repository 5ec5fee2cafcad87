//! The runs that this worker holds, and how each is ended from outside. What is in here is renewed.

use reelmill_domain::{
    id::{RunId, TaskId},
    lane::Lane,
    wire::RunRef,
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// How a run was ended from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Nobody wants it any more: nothing is told, its keys go.
    Stopped,
    /// The worker goes: another one takes it up.
    GivenBack,
}

/// How many attempts that ended here are remembered: a message that comes again does so soon.
const REMEMBERED: usize = 1024;

/// A release of a task. No worker ever runs one twice: what is to run again is released again, under another number.
type Attempt = (TaskId, u32);

/// The runs held.
pub struct Runs(Arc<Mutex<State>>);

struct State {
    held: BTreeMap<RunId, Held>,
    /// Starting or held.
    claimed: BTreeSet<Attempt>,
    /// The last ones that ended here.
    ended: VecDeque<Attempt>,
    /// Since when nothing is claimed; `None` while something is.
    idle_since: Option<Instant>,
}

#[derive(Clone)]
struct Held {
    run: RunRef,
    lane: Lane,
    hold: Arc<Hold>,
}

#[derive(Default)]
struct Hold {
    token: CancellationToken,
    fate: Mutex<Fate>,
}

#[derive(Clone, Copy, Default)]
enum Fate {
    #[default]
    Open,
    Ended(End),
    Decided,
}

impl Hold {
    fn fate(&self) -> MutexGuard<'_, Fate> {
        self.fate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, end: End) -> bool {
        let mut fate = self.fate();
        match (*fate, end) {
            (Fate::Open, _) | (Fate::Ended(End::GivenBack), End::Stopped) => {
                *fate = Fate::Ended(end);
                self.token.cancel();
                true
            }
            _ => false,
        }
    }
}

impl Runs {
    /// Nothing held.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            held: BTreeMap::new(),
            claimed: BTreeSet::new(),
            ended: VecDeque::new(),
            idle_since: Some(Instant::now()),
        })))
    }

    /// Claims an attempt before its run is started; `None` when it runs here or has run here.
    pub fn claim(&self, task: TaskId, attempt: u32) -> Option<Claim> {
        let attempt = (task, attempt);
        let mut state = lock(&self.0);
        if state.ended.contains(&attempt) || !state.claimed.insert(attempt) {
            return None;
        }
        state.idle_since = None;
        Some(Claim {
            runs: self.0.clone(),
            attempt,
        })
    }

    /// Since when nothing runs or starts; `None` while something does.
    pub fn idle_since(&self) -> Option<Instant> {
        lock(&self.0).idle_since
    }

    /// Every run held.
    pub fn all(&self) -> Vec<RunRef> {
        lock(&self.0).held.values().map(|held| held.run).collect()
    }

    /// How many of the runs held come from lanes that `which` names.
    pub fn count(&self, which: impl Fn(&Lane) -> bool) -> usize {
        let state = lock(&self.0);
        state.held.values().filter(|h| which(&h.lane)).count()
    }

    /// Stops a run; false when it isn't held here or its end is told already.
    pub fn stop(&self, run: RunId) -> bool {
        let held = lock(&self.0).held.get(&run).cloned();
        held.is_some_and(|held| held.hold.end(End::Stopped))
    }

    /// Stops every run; how many there were to stop.
    pub fn stop_all(&self) -> usize {
        self.end_all(End::Stopped)
    }

    /// Ends every run so that it is given back.
    pub fn give_back(&self) {
        self.end_all(End::GivenBack);
    }

    fn end_all(&self, end: End) -> usize {
        let all: Vec<Held> = lock(&self.0).held.values().cloned().collect();
        all.iter().filter(|held| held.hold.end(end)).count()
    }
}

fn lock(runs: &Mutex<State>) -> MutexGuard<'_, State> {
    runs.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An attempt that nobody else here may start. Given up when this goes.
pub struct Claim {
    runs: Arc<Mutex<State>>,
    attempt: Attempt,
}

impl Claim {
    /// Takes its run into the renewals for as long as the guard lives.
    pub fn hold(self, run: RunRef, lane: Lane) -> RunGuard {
        let hold = Arc::new(Hold::default());
        let held = Held {
            run,
            lane,
            hold: hold.clone(),
        };
        lock(&self.runs).held.insert(run.run, held);
        RunGuard {
            run,
            hold,
            claim: self,
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut state = lock(&self.runs);
        state.claimed.remove(&self.attempt);
        if state.claimed.is_empty() {
            state.idle_since = Some(Instant::now());
        }
    }
}

/// A run that is held; it leaves the renewals when this goes.
pub struct RunGuard {
    /// Which.
    pub run: RunRef,
    hold: Arc<Hold>,
    claim: Claim,
}

impl RunGuard {
    /// Cancelled when the run is ended from outside.
    pub fn token(&self) -> &CancellationToken {
        &self.hold.token
    }

    /// The last word on how it was ended from outside; an order that comes later changes nothing.
    ///
    /// Once a success may have been told, status may have accepted it, and a late order (an answer to a repeated
    /// message) must not delete the keys of a published output.
    pub fn decide(&self) -> Option<End> {
        match std::mem::replace(&mut *self.hold.fate(), Fate::Decided) {
            Fate::Ended(end) => Some(end),
            Fate::Open | Fate::Decided => None,
        }
    }
}

impl Drop for RunGuard {
    fn drop(&mut self) {
        let mut state = lock(&self.claim.runs);
        state.held.remove(&self.run.run);
        if state.ended.len() == REMEMBERED {
            state.ended.pop_front();
        }
        state.ended.push_back(self.claim.attempt);
    }
}

#[cfg(test)]
mod tests {
    use super::{End, RunGuard, Runs};
    use reelmill_domain::{
        id::{RunId, TaskId},
        lane::Lane,
        wire::RunRef,
    };
    use uuid::Uuid;

    fn run() -> RunRef {
        RunRef {
            task: TaskId(Uuid::now_v7()),
            attempt: 1,
            run: RunId(Uuid::now_v7()),
        }
    }

    fn hold(runs: &Runs, run: RunRef) -> RunGuard {
        let claim = runs.claim(run.task, run.attempt).unwrap();
        claim.hold(run, Lane::encode())
    }

    #[test]
    fn an_attempt_is_run_once_and_the_next_one_again() {
        let runs = Runs::new();
        let run = run();
        assert!(runs.idle_since().is_some());
        let claim = runs.claim(run.task, 1).unwrap();
        assert!(runs.claim(run.task, 1).is_none(), "it is starting");
        assert!(runs.idle_since().is_none());
        drop(claim);
        let guard = hold(&runs, run);
        assert!(runs.claim(run.task, 1).is_none(), "it runs");
        drop(guard);
        assert!(runs.claim(run.task, 1).is_none(), "it ran");
        assert!(runs.claim(run.task, 2).is_some());
        assert!(runs.idle_since().is_some());
    }

    #[test]
    fn a_run_is_held_as_long_as_its_guard() {
        let runs = Runs::new();
        let run = run();
        let guard = hold(&runs, run);
        assert_eq!(runs.all(), [run]);
        assert_eq!(runs.count(|lane| *lane == Lane::encode()), 1);
        assert_eq!(runs.count(|lane| *lane == Lane::light()), 0);
        drop(guard);
        assert!(runs.all().is_empty());
        assert!(!runs.stop(run.run));
    }

    #[test]
    fn a_stop_outweighs_a_give_back_and_never_the_reverse() {
        let runs = Runs::new();
        let guard = hold(&runs, run());
        runs.give_back();
        assert!(guard.token().is_cancelled());
        assert!(runs.stop(guard.run.run));
        runs.give_back();
        assert_eq!(guard.decide(), Some(End::Stopped));
    }

    #[test]
    fn an_order_after_the_decision_changes_nothing() {
        let runs = Runs::new();
        let guard = hold(&runs, run());
        assert_eq!(guard.decide(), None);
        assert!(!runs.stop(guard.run.run));
        assert!(!guard.token().is_cancelled());
        assert_eq!(guard.decide(), None);
    }
}
