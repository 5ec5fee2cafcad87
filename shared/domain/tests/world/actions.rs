//! What may happen, at any moment and in any order. Numbers pick one of what is there, by remainder.

use crate::common::output_id;
use crate::model::{Message, World};
use crate::workers::{End, Worker};
use proptest::prelude::*;
use reelmill_domain::event::{JobEvent, TaskEvent};
use reelmill_domain::id::{TaskId, WorkerId};
use reelmill_domain::task::{Task, TaskState};
use reelmill_domain::time::Timestamp;

#[derive(Debug, Clone, Copy)]
pub enum Action {
    /// The dispatcher claims a task and publishes it; the broker may lose it right away.
    Dispatch {
        n: usize,
        lost: bool,
    },
    /// Nobody started it in time: by the clock, or because the broker gave it back.
    Expire {
        n: usize,
    },
    TakeBack {
        n: usize,
    },
    /// The broker hands a message to a worker, and keeps it if the acknowledgement gets lost.
    Deliver {
        n: usize,
        worker: usize,
        again: bool,
    },
    LoseMessage {
        n: usize,
    },
    /// A worker joins.
    Join,
    /// A worker dies with all that it runs.
    Crash {
        worker: usize,
    },
    /// The reaper finds a lease lapsed, whether its worker is dead or only silent.
    Lapse {
        n: usize,
    },
    /// A run ends.
    End {
        worker: usize,
        n: usize,
        end: End,
    },
    /// Status hears an event: any of those on their way, perhaps not for the last time.
    Hear {
        n: usize,
        again: bool,
    },
    LoseEvent {
        n: usize,
    },
    Cancel,
    Pause(bool),
    Priority(u8),
    OutputExpires {
        n: usize,
    },
}

/// What disturbs, but neither wishes nor dooms.
pub fn harmless_action() -> impl Strategy<Value = Action> {
    let n = 0..64_usize;
    let flag = prop::bool::weighted(0.2);
    let end = prop_oneof![
        8 => Just(End::Succeeds),
        2 => flag.prop_map(|no_room| End::Fails { permanent: false, no_room }),
        1 => Just(End::GivesBack),
        1 => Just(End::Babbles),
    ];
    prop_oneof![
        6 => (n.clone(), flag).prop_map(|(n, lost)| Action::Dispatch { n, lost }),
        1 => n.clone().prop_map(|n| Action::Expire { n }),
        1 => n.clone().prop_map(|n| Action::TakeBack { n }),
        6 => (n.clone(), n.clone(), flag).prop_map(|(n, worker, again)| Action::Deliver { n, worker, again }),
        1 => n.clone().prop_map(|n| Action::LoseMessage { n }),
        2 => Just(Action::Join),
        1 => n.clone().prop_map(|worker| Action::Crash { worker }),
        1 => n.clone().prop_map(|n| Action::Lapse { n }),
        6 => (n.clone(), n.clone(), end).prop_map(|(worker, n, end)| Action::End { worker, n, end }),
        12 => (n.clone(), flag).prop_map(|(n, again)| Action::Hear { n, again }),
        1 => n.prop_map(|n| Action::LoseEvent { n }),
    ]
}

/// All of it: what disturbs, what its owner wishes, and failures that end a task at once.
pub fn any_action() -> impl Strategy<Value = Action> {
    let n = 0..64_usize;
    let doom = End::Fails {
        permanent: true,
        no_room: false,
    };
    prop_oneof![
        40 => harmless_action(),
        1 => (n.clone(), n.clone()).prop_map(move |(worker, n)| Action::End { worker, n, end: doom }),
        1 => any::<bool>().prop_map(Action::Pause),
        1 => any::<u8>().prop_map(Action::Priority),
        2 => n.prop_map(|n| Action::OutputExpires { n }),
        1 => prop::bool::weighted(0.3).prop_map(|yes| if yes { Action::Cancel } else { Action::Join }),
    ]
}

impl World {
    pub fn act(&mut self, action: Action) {
        match action {
            Action::Dispatch { n, lost } => self.dispatch(n, lost),
            Action::Expire { n } => {
                if let Some((id, attempt)) = self.pick(n, is_dispatched) {
                    self.on_task(id, TaskEvent::DispatchExpired { attempt });
                }
            }
            Action::TakeBack { n } => {
                if let Some((id, _)) = self.pick(n, is_dispatched) {
                    self.on_task(id, TaskEvent::TakenBack);
                }
            }
            Action::Deliver { n, worker, again } => self.deliver(n, worker, again),
            Action::LoseMessage { n } => {
                remove(&mut self.lane, n);
            }
            Action::Join => self.join(),
            Action::Crash { worker } => {
                remove(&mut self.workers, worker);
            }
            Action::Lapse { n } => self.lapse(n),
            Action::End { worker, n, end } => {
                if let Some(worker) = index(&self.workers, worker)
                    && let Some(n) = index(&self.workers[worker].runs, n)
                {
                    self.end_run(worker, n, end);
                }
            }
            Action::Hear { n, again } => self.hear(n, again),
            Action::LoseEvent { n } => {
                remove(&mut self.said, n);
            }
            Action::Cancel => self.apply(JobEvent::Cancel),
            Action::Pause(paused) => self.apply(JobEvent::SetPaused(paused)),
            Action::Priority(priority) => self.apply(JobEvent::SetPriority(priority)),
            Action::OutputExpires { n } => {
                let n = n % self.job.outputs.len();
                self.apply(JobEvent::Expire(output_id(n)));
            }
        }
    }

    pub fn join(&mut self) {
        let id = WorkerId(self.mint());
        let runs = Vec::new();
        self.workers.push(Worker { id, runs });
    }

    /// Claims a ready task; publishes it if the claim was granted.
    pub fn dispatch(&mut self, n: usize, lost: bool) {
        let Some((id, before)) = self.pick(n, |t| t.state == TaskState::Ready) else {
            return;
        };
        let until = Timestamp(60_000);
        self.on_task(id, TaskEvent::Claimed { until });
        let attempt = self.tasks[&id].attempt;
        if attempt != before && !lost {
            self.lane.push(Message { task: id, attempt });
        }
    }

    pub fn deliver(&mut self, n: usize, worker: usize, again: bool) {
        let (Some(n), Some(worker)) = (index(&self.lane, n), index(&self.workers, worker)) else {
            return;
        };
        let message = if again {
            self.lane[n]
        } else {
            self.lane.remove(n)
        };
        self.take(worker, message);
    }

    pub fn hear(&mut self, n: usize, again: bool) {
        let Some(n) = index(&self.said, n) else {
            return;
        };
        let said = if again {
            self.said[n].clone()
        } else {
            self.said.remove(n)
        };
        self.on_task(said.task, said.what);
    }

    /// `alone`: as the store would count it, by the tasks that are bound to the same worker.
    pub fn lapse(&mut self, n: usize) {
        let Some((id, _)) = self.pick(n, |t| matches!(t.state, TaskState::Running { .. })) else {
            return;
        };
        let TaskState::Running { run, worker, .. } = self.tasks[&id].state else {
            return;
        };
        let on_it =
            |t: &&Task| matches!(t.state, TaskState::Running { worker: w, .. } if w == worker);
        let alone = self.tasks.values().filter(on_it).count() == 1;
        self.on_task(id, TaskEvent::LeaseLapsed { run, alone });
    }

    fn pick(&self, n: usize, which: impl Fn(&Task) -> bool) -> Option<(TaskId, u32)> {
        let fitting: Vec<&Task> = self.tasks.values().filter(|t| which(t)).collect();
        let n = index(&fitting, n)?;
        Some((fitting[n].id, fitting[n].attempt))
    }
}

fn is_dispatched(task: &Task) -> bool {
    matches!(task.state, TaskState::Dispatched { .. })
}

fn index<T>(list: &[T], n: usize) -> Option<usize> {
    (!list.is_empty()).then(|| n % list.len())
}

fn remove<T>(list: &mut Vec<T>, n: usize) {
    if let Some(n) = index(list, n) {
        list.remove(n);
    }
}
