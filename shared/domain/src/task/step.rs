//! The transition of one task: pure and total. It decides nothing about the job.
//!
//! Fencing: `attempt` grows at `Claimed` and nowhere else, so each release has its own number, whatever made the task
//! ready again. A run holds the task only while the task is `dispatched` or `running` under the run's attempt: what
//! arrives while it is merely ready is stale even if the number still matches.

use super::{Task, TaskState};
use crate::event::{Failure, TaskEvent, TaskResult};
use crate::id::RunId;
use crate::spec::TaskSpec;

/// Losses that count for nothing. From then on the task runs alone, and every further loss alone is a failure: by
/// then nothing but the task itself can be to blame.
pub const LOSSES_BEFORE_ALONE: u32 = 2;

/// What became of a task.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskStep {
    /// It changed.
    Moved {
        /// As it is now.
        task: Box<Task>,
        /// How it changed.
        outcome: Outcome,
    },
    /// The event doesn't fit: it came late, twice, or from a run that the task is not bound to.
    Stale {
        /// This run works, or left files, for nothing.
        stop: Option<RunId>,
    },
}

/// How a task changed. What it made, or why it failed, is in its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// One of its needs was met.
    NeedMet {
        /// It was the last.
        ready: bool,
    },
    /// Taken for release.
    Released,
    /// Bound to its run.
    Started,
    /// Ready again.
    Again {
        /// And a failure was counted.
        failed: bool,
    },
    /// Done.
    Succeeded,
    /// Failed for good.
    Failed,
}

/// Applies an event to a task. `max_attempts`: failures that it may have, at least 1.
///
/// - The first `started` of the current attempt binds its run; a repetition of it changes nothing; any other run is
///   to be stopped.
/// - A result counts when its attempt is current and its run is bound, or when no run is bound yet: then the `started`
///   was lost or overtaken, and refusing good work would only make it be done again.
/// - An expired or revoked release, and a give-back, count nothing.
/// - A lost run counts a loss; see [`LOSSES_BEFORE_ALONE`].
/// - A result that is not of the task's kind is a failure of the run.
pub fn transition(task: Task, event: TaskEvent, max_attempts: u32) -> TaskStep {
    match event {
        TaskEvent::NeedMet => need_met(task),
        TaskEvent::Claimed { until } => match task.state {
            TaskState::Ready => {
                let attempt = task.attempt.saturating_add(1);
                let task = Task { attempt, ..task };
                moved(task, TaskState::Dispatched { until }, Outcome::Released)
            }
            _ => TaskStep::Stale { stop: None },
        },
        TaskEvent::DispatchExpired { attempt } if attempt != task.attempt => {
            TaskStep::Stale { stop: None }
        }
        TaskEvent::DispatchExpired { .. } | TaskEvent::TakenBack => match task.state {
            TaskState::Dispatched { .. } => again(task, false),
            _ => TaskStep::Stale { stop: None },
        },
        TaskEvent::Started {
            attempt,
            run,
            worker,
            lease_until,
        } => match task.state {
            TaskState::Dispatched { .. } if attempt == task.attempt => {
                let state = TaskState::Running {
                    run,
                    worker,
                    lease_until,
                };
                moved(task, state, Outcome::Started)
            }
            _ => TaskStep::Stale {
                stop: stale_run(&task, run),
            },
        },
        TaskEvent::Succeeded {
            attempt,
            run,
            result,
        } => {
            if !holds(&task, attempt, run) {
                let stop = stale_run(&task, run);
                return TaskStep::Stale { stop };
            }
            if fits(&task.spec, &result) {
                moved(
                    task,
                    TaskState::Succeeded { run, result },
                    Outcome::Succeeded,
                )
            } else {
                failed(task, wrong_result(), max_attempts)
            }
        }
        TaskEvent::Failed {
            attempt,
            run,
            failure,
        } if holds(&task, attempt, run) => failed(task, failure, max_attempts),
        // It still avoids whom it avoided: that one gives it back, and to try it there again would only fail it again. The
        // worker itself takes it up in the end when nobody else does.
        TaskEvent::Released { attempt, run } if holds(&task, attempt, run) => again(task, false),
        TaskEvent::Failed { .. } | TaskEvent::Released { .. } => TaskStep::Stale { stop: None },
        TaskEvent::LeaseLapsed { run, alone } => match task.state {
            TaskState::Running { run: bound, .. } if bound == run => {
                lost(task, alone, max_attempts)
            }
            _ => TaskStep::Stale { stop: None },
        },
    }
}

/// The run to be stopped when it turns up where it has no business; `None` when it is bound, or is the very run whose
/// result was accepted: stopping that one would delete what it made.
pub fn stale_run(task: &Task, run: RunId) -> Option<RunId> {
    match task.state {
        TaskState::Running { run: bound, .. } | TaskState::Succeeded { run: bound, .. }
            if bound == run =>
        {
            None
        }
        _ => Some(run),
    }
}

/// Whether this run may decide the task's fate.
fn holds(task: &Task, attempt: u32, run: RunId) -> bool {
    attempt == task.attempt
        && match task.state {
            TaskState::Dispatched { .. } => true,
            TaskState::Running { run: bound, .. } => bound == run,
            _ => false,
        }
}

fn need_met(task: Task) -> TaskStep {
    match task.state {
        TaskState::Waiting { on } if on > 1 => moved(
            task,
            TaskState::Waiting { on: on - 1 },
            Outcome::NeedMet { ready: false },
        ),
        TaskState::Waiting { .. } => {
            moved(task, TaskState::Ready, Outcome::NeedMet { ready: true })
        }
        _ => TaskStep::Stale { stop: None },
    }
}

fn failed(task: Task, failure: Failure, max_attempts: u32) -> TaskStep {
    let failures = task.failures.saturating_add(1);
    let avoid = match task.state {
        TaskState::Running { worker, .. } if failure.avoid_worker => Some(worker),
        _ => task.avoid,
    };
    let task = Task {
        failures,
        avoid,
        ..task
    };
    if failure.permanent || failures >= max_attempts {
        moved(task, TaskState::Failed { failure }, Outcome::Failed)
    } else {
        again(task, true)
    }
}

fn lost(task: Task, alone: bool, max_attempts: u32) -> TaskStep {
    let to_blame = alone && task.must_run_alone();
    let losses = task.losses.saturating_add(1);
    let task = Task { losses, ..task };
    if to_blame {
        failed(task, worker_lost(), max_attempts)
    } else {
        again(task, false)
    }
}

fn again(task: Task, failed: bool) -> TaskStep {
    moved(task, TaskState::Ready, Outcome::Again { failed })
}

fn moved(task: Task, state: TaskState, outcome: Outcome) -> TaskStep {
    let task = Box::new(Task { state, ..task });
    TaskStep::Moved { task, outcome }
}

fn fits(spec: &TaskSpec, result: &TaskResult) -> bool {
    match spec {
        TaskSpec::Probe(_) => matches!(result, TaskResult::Probed { .. }),
        TaskSpec::Encode(_) => matches!(result, TaskResult::Encoded { .. }),
        TaskSpec::Assemble(_) | TaskSpec::Thumbnails(_) => {
            matches!(result, TaskResult::Made { .. })
        }
        #[cfg(feature = "bench")]
        TaskSpec::Noop | TaskSpec::Sleep { .. } => matches!(result, TaskResult::Encoded { .. }),
    }
}

fn wrong_result() -> Failure {
    Failure {
        code: "wrong_result".into(),
        message: "A worker answered with something other than what it was asked for; its version may not fit.".into(),
        log_tail: None,
        permanent: false,
        avoid_worker: true,
    }
}

fn worker_lost() -> Failure {
    Failure {
        code: "worker_lost".into(),
        message:
            "The worker went silent each time it worked on this, even when it did nothing else."
                .into(),
        log_tail: None,
        permanent: false,
        avoid_worker: false,
    }
}

#[cfg(test)]
mod tests;
