//! What a job makes of an event of one of its tasks.

use super::ending::{end, settle};
use super::story::Story;
use super::{Context, JobEnding, JobState};
use crate::event::{Effect, Failure, Part, TaskEvent, TaskResult, Warning};
use crate::id::{OutputId, TaskId};
use crate::media::Media;
use crate::output::{OutputError, OutputFile, OutputMedia, OutputState, Parts, Published};
use crate::plan::{self, OutputPlan};
use crate::task::{self, Outcome, Task, TaskState, TaskStep};

/// Moves the task and draws the consequences for its output and its job.
pub(super) fn apply(story: &mut Story, task: Task, what: TaskEvent, cx: &mut Context<'_>) {
    if is_over(story, &task) {
        stop_intruder(story, &task, &what);
        return;
    }
    // Held back: nothing of it is released.
    if story.job.paused && matches!(what, TaskEvent::Claimed { .. }) {
        return;
    }
    let (task, outcome) = match task::transition(task, what, cx.max_attempts) {
        TaskStep::Moved { task, outcome } => (task, outcome),
        TaskStep::Stale { stop } => {
            stop.into_iter()
                .for_each(|run| story.add(Effect::Stop(run)));
            return;
        }
    };
    story.add(Effect::SaveTask(task.clone()));
    match outcome {
        Outcome::Released | Outcome::NeedMet { ready: false } => {}
        Outcome::NeedMet { ready: true } => story.add(Effect::WakeDispatcher),
        Outcome::Started => begin(story, task.output, cx),
        Outcome::Again { failed } => {
            if failed {
                count_failure(story, task.output);
            }
            story.add(Effect::WakeDispatcher);
        }
        Outcome::Succeeded | Outcome::Failed => {
            begin(story, task.output, cx);
            finish(story, *task, cx);
            story.add(Effect::WakeDispatcher);
        }
    }
}

/// Whether nothing that happens to this task can matter any more.
fn is_over(story: &mut Story, task: &Task) -> bool {
    story.job.state.is_terminal()
        || task
            .output
            .is_some_and(|id| story.open_output(id).is_none())
}

/// A run that works for a job or an output that has ended is stopped, unless it is the one whose work was accepted.
fn stop_intruder(story: &mut Story, task: &Task, what: &TaskEvent) {
    let run = match what {
        TaskEvent::Started { run, .. } | TaskEvent::Succeeded { run, .. } => *run,
        _ => return,
    };
    let accepted = matches!(task.state, TaskState::Succeeded { run: r, .. } if r == run);
    if !accepted {
        story.add(Effect::Stop(run));
    }
}

/// A task has begun, or ended before anyone heard that it had.
fn begin(story: &mut Story, output: Option<OutputId>, cx: &Context<'_>) {
    if story.job.state == JobState::Queued {
        story.move_job(JobState::Probing { started_at: cx.now });
    }
    let Some(output) = output.and_then(|id| story.open_output(id)) else {
        return;
    };
    if output.state == OutputState::Waiting {
        let (id, parts) = (output.id, output.planned.unwrap_or_default());
        story.move_output(id, OutputState::Encoding(parts));
    }
}

fn count_failure(story: &mut Story, output: Option<OutputId>) {
    if let Some(output) = output.and_then(|id| story.open_output(id)) {
        output.failures = output.failures.saturating_add(1);
    }
}

fn finish(story: &mut Story, task: Task, cx: &mut Context<'_>) {
    match (task.state, task.output) {
        (TaskState::Failed { failure }, output) => {
            count_failure(story, output);
            failed(story, output, failure, cx);
        }
        (TaskState::Succeeded { result, .. }, output) => match (result, output) {
            (TaskResult::Probed { media, sha256 }, _) => probed(story, media, sha256, cx),
            (TaskResult::Encoded { part }, Some(id)) => encoded(story, id, task.id, part, cx),
            (
                TaskResult::Made {
                    files,
                    media,
                    warnings,
                },
                Some(id),
            ) => made(story, id, files, media, warnings, cx),
            // Only a probe works for no output.
            (TaskResult::Encoded { .. } | TaskResult::Made { .. }, None) => {}
        },
        _ => {}
    }
}

/// The source is known: plan everything that is to be made of it.
fn probed(story: &mut Story, media: Box<Media>, sha256: String, cx: &mut Context<'_>) {
    story.job.media = Some((*media).clone());
    story.add(Effect::SourceProbed {
        media: media.clone(),
        sha256,
    });
    if let Some(damage) = plan::damage(&media) {
        if story.job.strict {
            let error = OutputError {
                code: damage.code,
                message: damage.message,
                log_tail: None,
            };
            fail_job(story, error, cx);
            return;
        }
        story.warn(damage);
    }

    if let Some(started_at) = story.job.state.started_at() {
        story.move_job(JobState::Encoding { started_at });
    }
    let mut new_tasks = Vec::new();
    for (id, plan) in plan::plan(&story.job, &media, cx) {
        match plan {
            OutputPlan::Make { tasks, frames } => {
                if let Some(output) = story.open_output(id) {
                    output.planned = Some(Parts {
                        done: 0,
                        total: plan::parts(&tasks),
                        frames,
                    });
                    new_tasks.extend(tasks);
                }
            }
            OutputPlan::Skip { reason } => {
                story.move_output(id, OutputState::Skipped { reason });
            }
        }
    }
    if !new_tasks.is_empty() {
        story.add(Effect::AddTasks(new_tasks));
    }
    settle(story, cx.now);
}

/// A part is there. What it showed of the source is told unless the probe has told that already; a strict job wants
/// no output of such a source.
fn encoded(story: &mut Story, id: OutputId, task: TaskId, part: Part, cx: &Context<'_>) {
    if story.job.strict && !part.warnings.is_empty() {
        failed(story, Some(id), refused(&part.warnings), cx);
        return;
    }
    let known = story.job.media.as_ref().and_then(plan::damage);
    let is_known = |w: &Warning| known.as_ref().is_some_and(|known| known.code == w.code);
    let news = part.warnings.into_iter().filter(|w| !is_known(w));
    news.for_each(|w| story.warn(w));
    story.add(Effect::MeetNeedsOf(task));
    let Some(output) = story.open_output(id) else {
        return;
    };
    let ends_with_its_parts = output.preset.ends_with_its_parts();
    let OutputState::Encoding(parts) = &output.state else {
        return;
    };
    let parts = Parts {
        done: parts.total.min(parts.done.saturating_add(1)),
        ..*parts
    };
    let state = if parts.done < parts.total {
        OutputState::Encoding(parts)
    } else if ends_with_its_parts {
        OutputState::Published(Published {
            files: Vec::new(),
            media: OutputMedia::default(),
            at: cx.now,
            expires_at: None,
        })
    } else {
        OutputState::Assembling(parts)
    };
    story.move_output(id, state);
    settle(story, cx.now);
}

/// Why a strict job refuses what was made with warnings.
fn refused(warnings: &[Warning]) -> Failure {
    let said: Vec<&str> = warnings.iter().map(|w| w.message.as_str()).collect();
    Failure {
        code: warnings
            .first()
            .map_or_else(String::new, |w| w.code.clone()),
        message: said.join(" "),
        log_tail: None,
        permanent: true,
        avoid_worker: false,
    }
}

/// A verified output is stored. Its entry file is offered under the name fixed at submission; the workers only know a
/// name of ours.
fn made(
    story: &mut Story,
    id: OutputId,
    mut files: Vec<OutputFile>,
    media: OutputMedia,
    warnings: Vec<Warning>,
    cx: &Context<'_>,
) {
    let keep_s = story.job.expire_after_s;
    let Some(output) = story.open_output(id) else {
        return;
    };
    if let Some(entry) = files.first_mut() {
        entry.name.clone_from(&output.file_name);
    }
    story.add(Effect::KeepFiles(id, files.clone()));
    warnings.into_iter().for_each(|w| story.warn(w));
    let keep_s = keep_s.map(|s| i64::try_from(s).unwrap_or(i64::MAX));
    story.move_output(
        id,
        OutputState::Published(Published {
            files,
            media,
            at: cx.now,
            expires_at: keep_s.map(|s| cx.now.plus_s(s)),
        }),
    );
    settle(story, cx.now);
}

/// A task failed for good. Without its probe a job can't go on; without one output it can.
fn failed(story: &mut Story, output: Option<OutputId>, failure: Failure, cx: &Context<'_>) {
    let error = OutputError {
        code: failure.code,
        message: failure.message,
        log_tail: failure.log_tail,
    };
    match output {
        None => fail_job(story, error, cx),
        Some(id) => {
            story.add(Effect::CancelTasksOf(id));
            story.move_output(id, OutputState::Failed(error));
            settle(story, cx.now);
        }
    }
}

/// The source can't be used.
fn fail_job(story: &mut Story, error: OutputError, cx: &Context<'_>) {
    story.end_outputs(&OutputState::Failed(error.clone()));
    end(story, JobEnding::Failed { error }, cx.now);
}
