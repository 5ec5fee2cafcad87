//! A run of a task in the trace of its job. Names and attributes only.

use crate::worker::Worker;
use reelmill_domain::{
    spec::TaskSpec,
    wire::{RunRef, TaskMessage, WorkerEventBody},
};
use reelmill_runtime::trace;
use tracing::{
    Span,
    field::{self, Empty},
};

/// The span of a run; it goes on where the task was released.
pub fn open(worker: &Worker, task: &TaskMessage, run: RunRef) -> Span {
    let span = tracing::info_span!(
        target: "otel",
        "task",
        otel.name = %format_args!("task {}", task.spec.kind()),
        otel.kind = "consumer",
        messaging.operation.type = "process",
        messaging.destination.name = task.lane.0,
        reelmill.job = %task.job,
        reelmill.task = %task.task,
        reelmill.kind = task.spec.kind(),
        reelmill.output = task.output.map(field::display),
        reelmill.preset = preset(&task.spec),
        reelmill.lane = task.lane.0,
        reelmill.attempt = task.attempt,
        reelmill.run = %run.run,
        reelmill.worker = %worker.id,
        reelmill.outcome = Empty,
    );
    trace::continue_from(&span, task.trace.as_ref());
    span
}

/// How the run ended, and why, if it failed.
pub fn close(span: &Span, outcome: &'static str, told: Option<&WorkerEventBody>) {
    span.record("reelmill.outcome", outcome);
    if let Some(WorkerEventBody::Failed { failure, .. }) = told {
        trace::failed(span, &failure.code);
    }
}

/// A stage of the run that is at work now.
pub fn stage(name: &'static str) -> Span {
    tracing::info_span!(target: "otel", "stage", otel.name = name)
}

/// The preset's name, where the task knows it.
fn preset(spec: &TaskSpec) -> Option<&str> {
    match spec {
        TaskSpec::Encode(spec) if spec.preset.is_empty() => Some("inline"),
        TaskSpec::Encode(spec) => Some(&spec.preset),
        _ => None,
    }
}
