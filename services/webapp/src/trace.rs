//! Where in a trace a request was sent, if its sender says so.

use axum::http::HeaderMap;
use reelmill_domain::wire::Traceparent;

/// The `traceparent` of a request; one that is malformed counts as absent.
pub fn of(headers: &HeaderMap) -> Option<Traceparent> {
    Traceparent::parse(headers.get("traceparent")?.to_str().ok()?)
}
