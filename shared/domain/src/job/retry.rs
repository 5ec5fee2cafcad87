//! What a retry of a job makes anew.

use super::Job;
use crate::output::{Output, OutputState};

/// The outputs that were never published, in the order asked: a new job is to make these. Empty when there is nothing
/// to try again.
pub fn retry_outputs(job: &Job) -> Vec<&Output> {
    let was_published = |o: &&Output| {
        matches!(
            o.state,
            OutputState::Published(_) | OutputState::Expired { .. }
        )
    };
    job.outputs.iter().filter(|o| !was_published(o)).collect()
}
