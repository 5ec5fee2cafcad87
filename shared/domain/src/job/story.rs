//! A job on its way through one transition, with the effects gathered so far: every change of state is told here, so
//! that none can be forgotten.

use super::{Job, JobState};
use crate::event::{Effect, Telling, Warning};
use crate::id::OutputId;
use crate::output::{Output, OutputState};

/// A job and the effects of what is happening to it.
pub(super) struct Story {
    pub job: Job,
    effects: Vec<Effect>,
}

impl Story {
    pub fn new(job: Job) -> Self {
        Self {
            job,
            effects: Vec::new(),
        }
    }

    pub fn end(self) -> (Job, Vec<Effect>) {
        (self.job, self.effects)
    }

    pub fn add(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Moves the job and tells it when its name in the API changed, which repetitions don't.
    pub fn move_job(&mut self, state: JobState) {
        let changed = self.job.state.name() != state.name();
        self.job.state = state;
        if changed {
            self.tell_job();
        }
    }

    /// Tells that the job, or a field of it, changed.
    pub fn tell_job(&mut self) {
        let state = self.job.state.name().to_owned();
        self.add(Effect::Tell(Telling::Job { state }));
    }

    /// The output, unless it is unknown or has ended.
    pub fn open_output(&mut self, id: OutputId) -> Option<&mut Output> {
        self.job
            .outputs
            .iter_mut()
            .find(|o| o.id == id && !o.state.is_terminal())
    }

    /// Moves an output and tells it. Progress inside a state isn't told.
    pub fn move_output(&mut self, id: OutputId, state: OutputState) {
        let Some(output) = self.job.outputs.iter_mut().find(|o| o.id == id) else {
            return;
        };
        let before = output.state.name();
        output.state = state;
        let name = output.state.name();
        if before != name {
            self.add(Effect::Tell(Telling::Output {
                output: id,
                state: name.to_owned(),
            }));
        }
    }

    /// Moves every output that has not ended.
    pub fn end_outputs(&mut self, state: &OutputState) {
        let open: Vec<OutputId> = self
            .job
            .outputs
            .iter()
            .filter(|o| !o.state.is_terminal())
            .map(|o| o.id)
            .collect();
        for id in open {
            self.move_output(id, state.clone());
        }
    }

    /// Adds a warning, once.
    pub fn warn(&mut self, warning: Warning) {
        if !self.job.warnings.contains(&warning) {
            self.job.warnings.push(warning);
        }
    }
}
