//! The rules that no step may break.

use reelmill_domain::event::{Effect, TaskEvent, Telling};
use reelmill_domain::id::{OutputId, RunId, TaskId};
use reelmill_domain::job::{Job, JobState};
use reelmill_domain::output::{Output, OutputState, Parts};
use reelmill_domain::spec::TaskSpec;
use reelmill_domain::task::{Task, TaskState};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct Checks {
    accepted: BTreeMap<TaskId, RunId>,
    released: BTreeSet<(TaskId, u32)>,
    published: BTreeSet<OutputId>,
    reaped: u32,
}

impl Checks {
    /// A task was written.
    pub fn task_moved(&mut self, before: &Task, after: &Task) {
        assert!(!before.state.is_terminal(), "changed {before:?}");
        assert!(after.attempt >= before.attempt && after.failures >= before.failures);
        if let TaskState::Dispatched { .. } = after.state {
            let fresh = self.released.insert((after.id, after.attempt));
            assert!(fresh, "two releases with one number: {after:?}");
        }
        if let TaskState::Succeeded { run, .. } = after.state {
            let first = self.accepted.insert(after.id, run);
            assert_eq!(first, None, "two results accepted for {:?}", after.id);
        }
    }

    /// A worker's word about a run changed its task: only the run that is bound may do that, or one of the current
    /// attempt while none is bound.
    pub fn counted(&self, before: &Task, what: &TaskEvent) {
        let (TaskEvent::Succeeded { attempt, run, .. }
        | TaskEvent::Failed { attempt, run, .. }
        | TaskEvent::Released { attempt, run }
        | TaskEvent::Started { attempt, run, .. }) = what
        else {
            return;
        };
        assert_eq!(*attempt, before.attempt, "a stale attempt counted");
        let may = match before.state {
            TaskState::Dispatched { .. } => true,
            TaskState::Running { run: bound, .. } => bound == *run,
            _ => false,
        };
        assert!(may, "{what:?} counted on {before:?}");
    }

    /// A run was told to stop, and so to delete what it made.
    pub fn stopped(&self, run: RunId) {
        let accepted = self.accepted.values().any(|r| *r == run);
        assert!(!accepted, "an accepted run was stopped");
    }

    /// A whole transition was written.
    pub fn step(
        &mut self,
        before: &Job,
        after: &Job,
        effects: &[Effect],
        tasks: &BTreeMap<TaskId, Task>,
    ) {
        if before.state.is_terminal() {
            assert_eq!(before.state, after.state);
        }
        for (b, a) in before.outputs.iter().zip(&after.outputs) {
            output_moved(b, a);
            output_fits_table(a, tasks);
        }
        states_are_told(before, after, effects);
        state_fits_outputs(after);
        for effect in effects {
            match effect {
                Effect::KeepFiles(id, files) => {
                    assert!(self.published.insert(*id), "published twice");
                    assert!(!files.is_empty());
                }
                Effect::ReapWork => self.reaped += 1,
                Effect::SaveTask(task) => {
                    let released = matches!(task.state, TaskState::Dispatched { .. });
                    assert!(!(released && before.paused), "released while paused");
                }
                _ => {}
            }
        }
        if after.state.is_terminal() {
            assert!(after.outputs.iter().all(|o| o.state.is_terminal()));
            let open = tasks.values().find(|t| !t.state.is_terminal());
            assert!(open.is_none(), "outlived its job: {open:?}");
        }
    }

    /// The job's world has come to rest.
    pub fn end(&self, job: &Job, tasks: &BTreeMap<TaskId, Task>) {
        assert!(job.state.is_terminal(), "never ended: {:?}", job.state);
        assert_eq!(self.reaped, 1, "work files are reaped once");
        assert!(tasks.values().all(|t| t.state.is_terminal()));
        for output in &job.outputs {
            let shown = matches!(
                output.state,
                OutputState::Published(_) | OutputState::Expired { .. }
            );
            assert_eq!(shown, self.published.contains(&output.id));
        }
    }
}

/// Terminal states stay, but for expiry; progress never runs backwards.
fn output_moved(before: &Output, after: &Output) {
    assert_eq!(before.file_name, after.file_name);
    assert!(after.failures >= before.failures);
    match (&before.state, &after.state) {
        (OutputState::Published(_), OutputState::Expired { .. }) => {}
        (b, a) if b.is_terminal() => assert_eq!(a, b),
        (b, a) => assert!(rank(a) >= rank(b), "{b:?} → {a:?}"),
    }
    if let (Some(b), Some(a)) = (parts(&before.state), parts(&after.state)) {
        assert!(a.done >= b.done && a.total == b.total);
    }
}

fn rank(state: &OutputState) -> u8 {
    match state {
        OutputState::Waiting => 0,
        OutputState::Encoding(_) => 1,
        OutputState::Assembling(_) => 2,
        _ => 3,
    }
}

fn parts(state: &OutputState) -> Option<Parts> {
    match state {
        OutputState::Encoding(parts) | OutputState::Assembling(parts) => Some(*parts),
        _ => None,
    }
}

/// The counts are what the table says, and nothing of an ended output is left open.
fn output_fits_table(output: &Output, tasks: &BTreeMap<TaskId, Task>) {
    let own = || tasks.values().filter(|t| t.output == Some(output.id));
    if let Some(parts) = parts(&output.state) {
        let encodes = || own().filter(|t| matches!(t.spec, TaskSpec::Encode(_)));
        let done = encodes().filter(|t| matches!(t.state, TaskState::Succeeded { .. }));
        assert!(parts.done <= parts.total);
        assert_eq!(parts.done as usize, done.count());
        if encodes().count() > 0 {
            assert_eq!(parts.total as usize, encodes().count());
        }
        let all_done = parts.done == parts.total;
        assert_eq!(matches!(output.state, OutputState::Assembling(_)), all_done);
    }
    let failures: u32 = own().map(|t| t.failures).sum();
    assert_eq!(output.failures, failures);
    if output.state.is_terminal() {
        assert!(own().all(|t| t.state.is_terminal()));
    }
}

/// A job finishes when nothing of it is left to encode, not before and not later.
fn state_fits_outputs(job: &Job) {
    let assembling = |o: &&Output| matches!(o.state, OutputState::Assembling(_));
    let open = || job.outputs.iter().filter(|o| !o.state.is_terminal());
    match job.state {
        JobState::Encoding { .. } => assert!(!open().all(|o| assembling(&o))),
        JobState::Finishing { .. } => assert!(open().all(|o| assembling(&o))),
        _ => {}
    }
}

/// Whoever only listens knows each change of state, with its order.
fn states_are_told(before: &Job, after: &Job, effects: &[Effect]) {
    let told: Vec<&Telling> = effects
        .iter()
        .filter_map(|e| match e {
            Effect::Tell(telling) => Some(telling),
            _ => None,
        })
        .collect();
    let name = |s: &JobState| s.name().to_owned();
    if name(&before.state) != name(&after.state) {
        let state = name(&after.state);
        assert!(told.contains(&&Telling::Job { state }));
    }
    for (b, a) in before.outputs.iter().zip(&after.outputs) {
        if b.state.name() != a.state.name() {
            let state = a.state.name().to_owned();
            let output = a.id;
            assert!(told.contains(&&Telling::Output { output, state }));
        }
    }
}
