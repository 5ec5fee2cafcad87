//! Events, and the outputs that they publish, in the trace of their job. Names and attributes only.

use super::change::kind;
use reelmill_domain::{id::JobId, wire::WorkerEvent};
use reelmill_runtime::trace;
use reelmill_store::AfterCommit;
use tracing::Span;

/// The span of taking an event in; it goes on where the worker told it.
pub fn of(event: &WorkerEvent, job: JobId) -> Span {
    let kind = kind(&event.body);
    let span = tracing::info_span!(
        target: "otel",
        "event",
        otel.name = %format_args!("event {kind}"),
        otel.kind = "consumer",
        messaging.operation.type = "process",
        messaging.message.id = %event.id,
        reelmill.job = %job,
        reelmill.worker = %event.worker,
        reelmill.event = kind,
    );
    trace::continue_from(&span, event.trace.as_ref());
    span
}

/// The end of the way: an output has its URL.
pub fn published(by: &Span, job: JobId, after: &[AfterCommit]) {
    for what in after {
        if let AfterCommit::Published(output) = what {
            drop(tracing::info_span!(
                target: "otel",
                parent: by,
                "output published",
                reelmill.job = %job,
                reelmill.output = %output,
            ));
        }
    }
}
