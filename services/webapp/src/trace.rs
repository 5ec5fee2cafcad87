//! Where jobs and uploads are in a trace: names and attributes of their spans.

use reelmill_domain::wire::Traceparent;
use reelmill_runtime::trace;
use reelmill_store::uploads::Upload;
use tracing::{Span, field::Empty};

/// The span of making a job. It is a part of its request; but where the request's sender has no trace, it goes on with
/// `uploaded`, the one that brought the file.
pub fn submission(sent: Option<&Traceparent>, uploaded: Option<&Traceparent>) -> Span {
    let span = tracing::info_span!(target: "otel", "job submitted", reelmill.job = Empty);
    if sent.is_none() && uploaded.is_some() {
        trace::link(&span, trace::current().as_ref());
        trace::continue_from(&span, uploaded);
    }
    span
}

/// The span of making a whole of an upload, after its last byte.
pub fn finishing(upload: &Upload) -> Span {
    tracing::info_span!(
        target: "otel",
        "upload finished",
        reelmill.upload = %upload.id,
        reelmill.bytes = upload.offset,
    )
}
