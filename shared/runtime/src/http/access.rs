//! One log line per request, with an id that the client sees too (`X-Request-ID`). And one
//! measurement, by route. Never logs queries, headers or bodies.

use crate::{metrics, trace};
use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, Method, StatusCode},
    middleware::Next,
    response::Response,
};
use std::time::Instant;
use tracing::{Instrument, Span};
use uuid::Uuid;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request, among its extensions.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Middleware.
pub(super) async fn log(mut request: Request, next: Next) -> Response {
    let id = given(&request).unwrap_or_else(|| Uuid::now_v7().to_string());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().cloned();
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("request", id);
    let traced = traced(&request, &method, route.as_ref());
    let begun = Instant::now();
    // The traced span inside: work that outlives its request takes the innermost along.
    let answering = next.run(request).instrument(traced.clone());
    let mut response = answering.instrument(span.clone()).await;
    let status = response.status();
    let took = begun.elapsed();
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    metrics::http_request(name_of(&method), route, status.as_u16(), took);
    // A full store is no fault of ours, and a service that isn't ready is asked again and again whether it is.
    let expected = status == StatusCode::INSUFFICIENT_STORAGE || path == "/readyz";
    traced.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        trace::failed(&traced, status);
    }
    let _traced = traced.enter();
    span.in_scope(|| {
        if status.is_server_error() && !expected {
            tracing::warn!(%method, path, status = status.as_u16(), ms, "answered");
        } else if method.is_safe() {
            tracing::debug!(%method, path, status = status.as_u16(), ms, "answered");
        } else {
            tracing::info!(%method, path, status = status.as_u16(), ms, "answered");
        }
    });
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    response
}

/// The request in a trace: the client's, or one of its own. A read is traced only with its client's: pages and probes ask all
/// the time.
fn traced(request: &Request, method: &Method, route: Option<&MatchedPath>) -> Span {
    let sent = trace::sent(request.headers());
    if sent.is_none() && method.is_safe() {
        return Span::none();
    }
    let route = route.map_or("none", MatchedPath::as_str);
    let span = tracing::info_span!(
        target: "otel",
        "request",
        otel.name = %format_args!("{method} {route}"),
        otel.kind = "server",
        http.request.method = name_of(method),
        http.route = route,
        url.path = request.uri().path(),
        http.response.status_code = tracing::field::Empty,
    );
    trace::continue_from(&span, sent.as_ref());
    span
}

/// The method; what clients make up is one name, for it becomes a label.
fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The caller's own id, when it is short and plain enough for a log line.
fn given(request: &Request) -> Option<String> {
    let id = request.headers().get(X_REQUEST_ID)?.to_str().ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    ((1..=64).contains(&id.len()) && id.chars().all(plain)).then(|| id.to_owned())
}
