//! The job, its task table, and what a store does with the effects of a transition.

use crate::check::Checks;
use crate::common::{LIMITS, context, counter, job, preset};
use crate::workers::{Said, Worker};
use reelmill_domain::event::{Effect, JobEvent, TaskEvent};
use reelmill_domain::id::{OutputId, RunId, TaskId};
use reelmill_domain::job::{Job, transition};
use reelmill_domain::output::Parts;
use reelmill_domain::spec::TaskSpec;
use reelmill_domain::task::{Task, TaskState};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What a world is made with.
#[derive(Debug, Clone)]
pub struct Setting {
    pub presets: Vec<&'static str>,
    /// Encode tasks per film.
    pub chunks: u32,
    pub max_attempts: u32,
}

/// A release on its way to a worker.
#[derive(Debug, Clone, Copy)]
pub struct Message {
    pub task: TaskId,
    pub attempt: u32,
}

pub struct World {
    pub job: Job,
    pub tasks: BTreeMap<TaskId, Task>,
    pub lane: Vec<Message>,
    pub said: Vec<Said>,
    pub workers: Vec<Worker>,
    pub checks: Checks,
    /// Effects carried out so far.
    pub effects: usize,
    /// The task that the last transition wrote.
    moved: Option<TaskId>,
    chunks: u32,
    max_attempts: u32,
    ids: Box<dyn FnMut() -> TaskId>,
    minted: u128,
}

impl World {
    pub fn new(setting: &Setting) -> Self {
        let presets: Vec<_> = setting.presets.iter().map(|n| preset(n)).collect();
        let job = job(&presets);
        let probe = Task::probe(
            TaskId(Uuid::from_u128(7)),
            job.id,
            job.input.clone(),
            LIMITS,
        );
        Self {
            job,
            tasks: BTreeMap::from([(probe.id, probe)]),
            lane: Vec::new(),
            said: Vec::new(),
            workers: Vec::new(),
            checks: Checks::default(),
            effects: 0,
            moved: None,
            chunks: setting.chunks,
            max_attempts: setting.max_attempts,
            ids: Box::new(counter()),
            minted: 0x10_0000,
        }
    }

    /// A fresh id for a run or a worker.
    pub fn mint(&mut self) -> Uuid {
        self.minted += 1;
        Uuid::from_u128(self.minted)
    }

    /// One transaction: load, apply, write.
    pub fn apply(&mut self, event: JobEvent) {
        let mut cx = context(&mut *self.ids);
        cx.max_attempts = self.max_attempts;
        let before = self.job.clone();
        let (after, effects) = transition(before.clone(), event, &mut cx);
        self.job = after;
        self.effects += effects.len();
        self.moved = None;
        for effect in &effects {
            self.carry_out(effect);
        }
        self.checks.step(&before, &self.job, &effects, &self.tasks);
    }

    pub fn on_task(&mut self, id: TaskId, what: TaskEvent) {
        let before = self.tasks[&id].clone();
        let task = Box::new(before.clone());
        let said = what.clone();
        self.apply(JobEvent::Task { task, what });
        if self.moved == Some(id) {
            self.checks.counted(&before, &said);
        }
    }

    /// Ending and outputs, without times.
    pub fn ending(&self) -> (&str, Vec<&str>) {
        let outputs = self.job.outputs.iter().map(|o| o.state.name()).collect();
        (self.job.state.name(), outputs)
    }

    fn carry_out(&mut self, effect: &Effect) {
        match effect {
            Effect::SaveTask(task) => {
                let before = self.tasks.insert(task.id, (**task).clone()).unwrap();
                self.checks.task_moved(&before, task);
                self.moved = Some(task.id);
            }
            Effect::AddTasks(tasks) => self.add_tasks(tasks),
            Effect::MeetNeedsOf(id) => self.meet_needs_of(*id),
            Effect::CancelTasks => self.cancel(|_| true),
            Effect::CancelTasksOf(output) => self.cancel(|t| t.output == Some(*output)),
            Effect::Stop(run) => self.stop(*run),
            Effect::KeepFiles(..)
            | Effect::DropFiles(_)
            | Effect::SourceProbed { .. }
            | Effect::Tell(_)
            | Effect::ReapWork
            | Effect::WakeDispatcher => {}
        }
    }

    /// Stores new tasks. Every encode is cut into chunks first, as a later planner will: the transition must not care.
    fn add_tasks(&mut self, tasks: &[Task]) {
        let mut pieces: BTreeMap<TaskId, Vec<TaskId>> = BTreeMap::new();
        for task in tasks {
            let mut task = task.clone();
            if matches!(task.spec, TaskSpec::Encode(_)) {
                let ids: Vec<TaskId> = (0..self.chunks).map(|_| TaskId(self.mint())).collect();
                for &id in &ids {
                    self.tasks.insert(id, Task { id, ..task.clone() });
                }
                pieces.insert(task.id, ids);
                self.count_chunks(task.output.unwrap());
                continue;
            }
            task.needs = task.needs.iter().flat_map(|n| pieces[n].clone()).collect();
            if let TaskState::Waiting { on } = &mut task.state {
                *on = u32::try_from(task.needs.len()).unwrap();
            }
            self.tasks.insert(task.id, task);
        }
    }

    fn count_chunks(&mut self, id: OutputId) {
        let output = self.job.outputs.iter_mut().find(|o| o.id == id).unwrap();
        output.planned = output.planned.map(|parts| Parts {
            total: self.chunks,
            ..parts
        });
    }

    fn meet_needs_of(&mut self, id: TaskId) {
        for task in self.tasks.values_mut().filter(|t| t.needs.contains(&id)) {
            task.state = match task.state {
                TaskState::Waiting { on: 1 } => TaskState::Ready,
                TaskState::Waiting { on } => TaskState::Waiting { on: on - 1 },
                _ => continue,
            };
        }
    }

    fn cancel(&mut self, which: impl Fn(&Task) -> bool) {
        let mut stopped: Vec<RunId> = Vec::new();
        for task in self.tasks.values_mut().filter(|t| which(t)) {
            if let TaskState::Running { run, .. } = task.state {
                stopped.push(run);
            }
            if !task.state.is_terminal() {
                task.state = TaskState::Cancelled;
            }
        }
        stopped.into_iter().for_each(|run| self.stop(run));
    }

    /// The order to stop reaches its worker at once, if it lives; a worker without the run doesn't care.
    fn stop(&mut self, run: RunId) {
        self.checks.stopped(run);
        for worker in &mut self.workers {
            worker.runs.retain(|r| r.run != run);
        }
    }
}
