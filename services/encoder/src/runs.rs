//! The runs that this worker holds, and how each is ended from outside. What is in here is renewed.

use reelmill_domain::{id::RunId, lane::Lane, wire::RunRef};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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

/// The runs held.
#[derive(Default)]
pub struct Runs(Arc<Mutex<BTreeMap<RunId, Held>>>);

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
    /// Takes a run into the renewals for as long as the guard lives.
    pub fn hold(&self, run: RunRef, lane: Lane) -> RunGuard {
        let hold = Arc::new(Hold::default());
        let held = Held {
            run,
            lane,
            hold: hold.clone(),
        };
        lock(&self.0).insert(run.run, held);
        RunGuard {
            runs: self.0.clone(),
            run,
            hold,
        }
    }

    /// Every run held.
    pub fn all(&self) -> Vec<RunRef> {
        lock(&self.0).values().map(|held| held.run).collect()
    }

    /// How many of the runs held come from lanes that `which` names.
    pub fn count(&self, which: impl Fn(&Lane) -> bool) -> usize {
        lock(&self.0).values().filter(|h| which(&h.lane)).count()
    }

    /// Stops a run; false when it isn't held here or its end is told already.
    pub fn stop(&self, run: RunId) -> bool {
        let held = lock(&self.0).get(&run).cloned();
        held.is_some_and(|held| held.hold.end(End::Stopped))
    }

    /// Ends every run so that it is given back.
    pub fn give_back(&self) {
        let all: Vec<Held> = lock(&self.0).values().cloned().collect();
        for held in all {
            held.hold.end(End::GivenBack);
        }
    }
}

fn lock(runs: &Mutex<BTreeMap<RunId, Held>>) -> MutexGuard<'_, BTreeMap<RunId, Held>> {
    runs.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A run that is held; it leaves the renewals when this goes.
pub struct RunGuard {
    runs: Arc<Mutex<BTreeMap<RunId, Held>>>,
    /// Which.
    pub run: RunRef,
    hold: Arc<Hold>,
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
        lock(&self.runs).remove(&self.run.run);
    }
}

#[cfg(test)]
mod tests {
    use super::{End, Runs};
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

    #[test]
    fn a_run_is_held_as_long_as_its_guard() {
        let runs = Runs::default();
        let run = run();
        let guard = runs.hold(run, Lane::encode());
        assert_eq!(runs.all(), [run]);
        assert_eq!(runs.count(|lane| *lane == Lane::encode()), 1);
        assert_eq!(runs.count(|lane| *lane == Lane::light()), 0);
        drop(guard);
        assert!(runs.all().is_empty());
        assert!(!runs.stop(run.run));
    }

    #[test]
    fn a_stop_outweighs_a_give_back_and_never_the_reverse() {
        let runs = Runs::default();
        let guard = runs.hold(run(), Lane::encode());
        runs.give_back();
        assert!(guard.token().is_cancelled());
        assert!(runs.stop(guard.run.run));
        runs.give_back();
        assert_eq!(guard.decide(), Some(End::Stopped));
    }

    #[test]
    fn an_order_after_the_decision_changes_nothing() {
        let runs = Runs::default();
        let guard = runs.hold(run(), Lane::encode());
        assert_eq!(guard.decide(), None);
        assert!(!runs.stop(guard.run.run));
        assert!(!guard.token().is_cancelled());
        assert_eq!(guard.decide(), None);
    }
}
