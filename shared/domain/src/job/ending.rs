//! When a job has ended, and how: decided by its outputs alone.

use super::story::Story;
use super::{Job, JobEnding, JobState};
use crate::event::{Effect, Warning};
use crate::output::{OutputError, OutputState};
use crate::time::Timestamp;

/// Ends the job if none of its outputs is open any more; otherwise notes when only joining and verifying is left.
pub(super) fn settle(story: &mut Story, now: Timestamp) {
    let open = |state: &OutputState| !state.is_terminal();
    if !story.job.outputs.iter().any(|o| open(&o.state)) {
        let ending = ending_of(&story.job);
        if story.job.outputs.iter().all(|o| is_skipped(&o.state)) {
            story.warn(Warning {
                code: "nothing_made".into(),
                message:
                    "None of the outputs asked for can be made from this source; each says why."
                        .into(),
            });
        }
        end(story, ending, now);
        return;
    }
    let assembling = |state: &OutputState| matches!(state, OutputState::Assembling(_));
    let all_encoded = story
        .job
        .outputs
        .iter()
        .all(|o| !open(&o.state) || assembling(&o.state));
    if let (true, JobState::Encoding { started_at }) = (all_encoded, &story.job.state) {
        let started_at = *started_at;
        story.move_job(JobState::Finishing { started_at });
    }
}

/// Ends the job: nothing of it may go on running, and its work files may go.
pub(super) fn end(story: &mut Story, ending: JobEnding, now: Timestamp) {
    let started_at = story.job.state.started_at();
    story.add(Effect::CancelTasks);
    story.move_job(JobState::Ended {
        started_at,
        finished_at: now,
        ending,
    });
    story.add(Effect::ReapWork);
}

/// How a job ends whose outputs have all ended without its owner's doing.
fn ending_of(job: &Job) -> JobEnding {
    let made = job.outputs.iter().any(|o| {
        matches!(
            o.state,
            OutputState::Published(_) | OutputState::Expired { .. }
        )
    });
    let mut errors = job.outputs.iter().filter_map(|o| match &o.state {
        OutputState::Failed(error) => Some(error),
        _ => None,
    });
    match (errors.next(), made) {
        (None, _) => JobEnding::Completed,
        (Some(_), true) => JobEnding::PartiallyCompleted,
        (Some(first), false) => {
            let error = if errors.all(|e| (&e.code, &e.message) == (&first.code, &first.message)) {
                first.clone()
            } else {
                OutputError {
                    code: "outputs_failed".into(),
                    message: "No output could be made; each says why.".into(),
                    log_tail: None,
                }
            };
            JobEnding::Failed { error }
        }
    }
}

fn is_skipped(state: &OutputState) -> bool {
    matches!(state, OutputState::Skipped { .. })
}
