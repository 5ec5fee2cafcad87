//! The storm is over: everything works from now on. Dispatcher, workers and reaper only do what they always do.

use crate::actions::Action;
use crate::model::World;
use crate::workers::End;
use reelmill_domain::event::JobEvent;
use reelmill_domain::task::TaskState;

/// Far more rounds than any job here needs; one that isn't over by then never will be.
const ROUNDS: usize = 200;

impl World {
    pub fn calm_down(&mut self) {
        self.apply(JobEvent::SetPaused(false));
        if self.workers.is_empty() {
            self.join();
        }
        for _ in 0..ROUNDS {
            if self.job.state.is_terminal() && self.said.is_empty() && self.lane.is_empty() {
                break;
            }
            self.round();
        }
        self.checks.end(&self.job, &self.tasks);
    }

    fn round(&mut self) {
        while self.tasks.values().any(|t| t.state == TaskState::Ready) {
            self.dispatch(0, false);
        }
        while !self.lane.is_empty() {
            self.deliver(0, 0, false);
        }
        self.hear_all();
        for worker in 0..self.workers.len() {
            while !self.workers[worker].runs.is_empty() {
                self.end_run(worker, 0, End::Succeeds);
            }
        }
        self.hear_all();
        self.reap();
    }

    fn hear_all(&mut self) {
        while !self.said.is_empty() {
            self.hear(0, false);
        }
    }

    /// Nothing is on its way any more: what is still dispatched was lost by the broker, and what still runs died with
    /// its worker.
    fn reap(&mut self) {
        let count = |w: &Self, which: fn(&TaskState) -> bool| {
            w.tasks.values().filter(|t| which(&t.state)).count()
        };
        for _ in 0..count(self, |s| matches!(s, TaskState::Dispatched { .. })) {
            self.act(Action::Expire { n: 0 });
        }
        for _ in 0..count(self, |s| matches!(s, TaskState::Running { .. })) {
            self.lapse(0);
        }
    }
}
