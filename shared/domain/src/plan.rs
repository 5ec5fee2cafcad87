//! The planner: media × recipes → a graph of tasks with dependencies, lanes, expected cost, and the stored expectation.

use crate::id::OutputId;
use crate::job::{Context, Job};
use crate::media::Media;
use crate::spec::TaskSpec;
use crate::task::Task;

mod damage;

pub use damage::damage;

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

/// How many of these tasks each make a part of the output: the steps that its progress is counted in.
pub fn parts(tasks: &[Task]) -> u32 {
    let makes_part = |t: &&Task| matches!(t.spec, TaskSpec::Encode(_) | TaskSpec::Thumbnails(_));
    u32::try_from(tasks.iter().filter(makes_part).count()).unwrap_or(u32::MAX)
}
