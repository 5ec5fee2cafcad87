//! Where we are in a trace, and going on with one that came from elsewhere. Without telemetry there is no trace of our own:
//! what came is then to be passed on as it is.

use axum::http::HeaderMap;
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use reelmill_domain::wire::{TaskMessage, Traceparent};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The span that runs now; `None` without telemetry.
pub fn current() -> Option<Traceparent> {
    written(Context::current().span().span_context())
}

/// This span; `None` without telemetry. It can't get another parent afterwards.
pub fn of(span: &Span) -> Option<Traceparent> {
    if span.is_disabled() {
        return None;
    }
    written(span.context().span().span_context())
}

/// Where the sender of a request is in a trace; a header that is malformed counts as absent.
pub fn sent(headers: &HeaderMap) -> Option<Traceparent> {
    Traceparent::parse(headers.get("traceparent")?.to_str().ok()?)
}

/// Makes a span that was never entered a child of one elsewhere. Without one it keeps its parent.
pub fn continue_from(span: &Span, from: Option<&Traceparent>) {
    if span.is_disabled() {
        return;
    }
    if let Some(remote) = from.and_then(read) {
        // Refused only where spans lead nowhere.
        let _no_telemetry = span.set_parent(Context::new().with_remote_span_context(remote));
    }
}

/// The span of a task's release, in the trace of its job; and the message, that goes on from there.
pub fn released(message: TaskMessage) -> (TaskMessage, Span) {
    let span = tracing::info_span!(
        target: "otel",
        "task dispatched",
        otel.kind = "producer",
        messaging.operation.type = "send",
        messaging.destination.name = message.lane.0,
        reelmill.job = %message.job,
        reelmill.task = %message.task,
        reelmill.kind = message.spec.kind(),
        reelmill.lane = message.lane.0,
        reelmill.attempt = message.attempt,
    );
    continue_from(&span, message.trace.as_ref());
    let trace = of(&span).or(message.trace);
    (TaskMessage { trace, ..message }, span)
}

/// Notes that a span has to do with another, in this trace or another one.
pub fn link(span: &Span, with: Option<&Traceparent>) {
    if span.is_disabled() {
        return;
    }
    if let Some(other) = with.and_then(read) {
        span.add_link(other);
    }
}

/// Marks a span as failed, with a reason in few words.
pub fn failed(span: &Span, why: impl std::fmt::Display) {
    if !span.is_disabled() {
        span.set_status(opentelemetry::trace::Status::error(why.to_string()));
    }
}

fn written(context: &SpanContext) -> Option<Traceparent> {
    if !context.is_valid() {
        return None;
    }
    Traceparent::parse(&format!(
        "00-{}-{}-{:02x}",
        context.trace_id(),
        context.span_id(),
        context.trace_flags().to_u8()
    ))
}

fn read(from: &Traceparent) -> Option<SpanContext> {
    let mut parts = from.as_str().split('-').skip(1);
    let trace = TraceId::from_hex(parts.next()?).ok()?;
    let span = SpanId::from_hex(parts.next()?).ok()?;
    let flags = TraceFlags::new(u8::from_str_radix(parts.next()?, 16).ok()?);
    Some(SpanContext::new(
        trace,
        span,
        flags,
        true,
        TraceState::default(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt;

    const FROM: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn what_is_read_is_written_the_same() {
        for flags in ["00", "01"] {
            let text = format!("{}{flags}", &FROM[..FROM.len() - 2]);
            let from = Traceparent::parse(&text).unwrap();
            assert_eq!(read(&from).and_then(|c| written(&c)), Some(from));
        }
    }

    #[test]
    fn a_span_goes_on_with_the_trace_that_came() {
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let from = Traceparent::parse(FROM).unwrap();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let outer = tracing::info_span!(target: "otel", "outer");
            continue_from(&outer, Some(&from));
            let inner = outer.in_scope(|| {
                assert_eq!(current(), of(&outer));
                of(&tracing::info_span!(target: "otel", "inner"))
            });
            let (outer, inner) = (of(&outer).unwrap(), inner.unwrap());
            assert_eq!(outer.as_str()[..35], FROM[..35]);
            assert_eq!(inner.as_str()[..35], FROM[..35]);
            assert_ne!(outer, inner);
            assert_ne!(outer, from);
        });
    }

    #[test]
    fn without_telemetry_there_is_none() {
        let span = tracing::info_span!(target: "otel", "span");
        continue_from(&span, Traceparent::parse(FROM).as_ref());
        span.in_scope(|| assert_eq!(current(), None));
        assert_eq!(of(&span), None);
    }
}
