//! What a job's owner, or the calendar, asks of it. A wish that comes too late, or changes nothing, has no effects.

use super::ending::end;
use super::story::Story;
use super::{Context, JobEnding};
use crate::event::Effect;
use crate::id::OutputId;
use crate::output::OutputState;

/// Ends the job now. What is published already stays.
pub(super) fn cancel(story: &mut Story, cx: &Context<'_>) {
    if story.job.state.is_terminal() {
        return;
    }
    story.end_outputs(&OutputState::Cancelled);
    end(story, JobEnding::Cancelled, cx.now);
}

/// 9 goes first; what is above counts as 9.
pub(super) fn set_priority(story: &mut Story, priority: u8) {
    let priority = priority.min(9);
    if story.job.state.is_terminal() || story.job.priority == priority {
        return;
    }
    story.job.priority = priority;
    story.tell_job();
    story.add(Effect::WakeDispatcher);
}

/// Paused, nothing new of it is released; what runs goes on.
pub(super) fn set_paused(story: &mut Story, paused: bool) {
    if story.job.state.is_terminal() || story.job.paused == paused {
        return;
    }
    story.job.paused = paused;
    story.tell_job();
    story.add(Effect::WakeDispatcher);
}

pub(super) fn rename(story: &mut Story, name: String) {
    if story.job.state.is_terminal() || story.job.name == name {
        return;
    }
    story.job.name = name;
    story.tell_job();
}

/// The only change that a terminal state knows: `published → expired`, also while other outputs are being made.
pub(super) fn expire(story: &mut Story, id: OutputId, cx: &Context<'_>) {
    let published = |state: &OutputState| matches!(state, OutputState::Published(_));
    if story
        .job
        .outputs
        .iter()
        .any(|o| o.id == id && published(&o.state))
    {
        story.add(Effect::DropFiles(id));
        story.move_output(id, OutputState::Expired { at: cx.now });
    }
}
