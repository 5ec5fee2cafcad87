//! The planner: media × recipes → a graph of tasks with dependencies, lanes, expected cost, and the stored expectation.

use crate::id::OutputId;
use crate::job::{Context, Job};
use crate::media::Media;
use crate::task::Task;

/// What is to be done for one output.
#[derive(Debug, Clone, PartialEq)]
pub enum OutputPlan {
    /// These tasks, the last of which makes the output.
    Make {
        /// In order of dependency.
        tasks: Vec<Task>,
        /// Frames of the whole output; 0 without a picture.
        frames: u64,
    },
    /// Nothing, for this reason.
    Skip {
        /// For the job's owner.
        reason: String,
    },
}

/// Plans every output of a job whose source is known.
pub fn plan(_job: &Job, _media: &Media, _cx: &mut Context<'_>) -> Vec<(OutputId, OutputPlan)> {
    Vec::new()
}
