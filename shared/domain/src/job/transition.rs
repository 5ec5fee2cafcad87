//! The one transition of a job. It only tells apart what happened; each kind of event has its own file.

use super::story::Story;
use super::{Context, Job, task_event, wish};
use crate::event::{Effect, JobEvent};

/// Applies an event to a job. Total: an event that does not fit (stale, repeated, late) changes nothing, and its
/// effects at most stop the run that sent it. Its price does not depend on how many tasks the job has.
pub fn transition(job: Job, event: JobEvent, cx: &mut Context<'_>) -> (Job, Vec<Effect>) {
    let mut story = Story::new(job);
    match event {
        JobEvent::Task { task, what } => task_event::apply(&mut story, *task, what, cx),
        JobEvent::Cancel => wish::cancel(&mut story, cx),
        JobEvent::SetPriority(priority) => wish::set_priority(&mut story, priority),
        JobEvent::SetPaused(paused) => wish::set_paused(&mut story, paused),
        JobEvent::Rename(name) => wish::rename(&mut story, name),
        JobEvent::Expire(output) => wish::expire(&mut story, output, cx),
    }
    story.end()
}
