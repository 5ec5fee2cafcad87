//! Every error that a client sees: RFC 9457 problem details with a stable `code`. Never HTML, never an internal cause.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use reelmill_domain::api::Problem;
use std::{any::Any, borrow::Cow, fmt::Display};

/// The content type of problems.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A problem on its way to the client.
#[derive(Debug, Clone)]
pub struct ApiProblem {
    status: StatusCode,
    problem: Box<Problem>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What handlers return.
impl ApiProblem {
    /// A problem of this status. `code` is stable and for programs, `detail` is for people.
    pub fn new(status: StatusCode, code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            status,
            problem: Box::new(Problem {
                kind: Cow::Borrowed("about:blank"),
                title: title(status),
                status: status.as_u16(),
                code: code.into(),
                detail: detail.into(),
                field: None,
            }),
            headers: Vec::new(),
        }
    }

    /// Names the field at fault, as a path: `outputs[1].preset`.
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.problem.field = Some(field.into());
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// 400 `bad_request`, or a finer code.
    pub fn bad_request(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 404 `not_found`: there is no such thing, or it is somebody else's.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// 409: the thing is not in a state for that.
    pub fn conflict(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 410: it was there and is gone.
    pub fn gone(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, code, detail)
    }

    /// 413: more bytes than allowed.
    pub fn too_large(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, code, detail)
    }

    /// 422: well-formed, but it can't be done as asked.
    pub fn unprocessable(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// 422 `not_available_yet`: a field, preset or control that this version can't honour.
    pub fn not_available_yet(field: impl Into<String>) -> Self {
        let field = field.into();
        Self::unprocessable(
            "not_available_yet",
            format!("`{field}` is not available in this version yet"),
        )
        .field(field)
    }

    /// 507 `no_space`: the object store or the database is full.
    pub fn no_space() -> Self {
        Self::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "no_space",
            "there is no space left to store that; free some or try again later",
        )
    }

    /// 503 `unavailable`: something that the service leans on is away; the client may try again soon. The cause goes to the log.
    pub fn unavailable(attempt: &str, cause: &dyn Display) -> Self {
        tracing::warn!(attempt, %cause, "a request could not be served");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            format!("{attempt} failed for the moment; try again"),
        )
        .header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// 500 `internal`: our fault. The cause goes to the log, not to the client.
    pub fn internal(attempt: &str, cause: &dyn Display) -> Self {
        tracing::error!(attempt, %cause, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            format!("{attempt} failed; the server's log says why"),
        )
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The body.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl IntoResponse for ApiProblem {
    fn into_response(self) -> Response {
        // A Problem is strings and a number: it can always be written.
        let body = serde_json::to_vec(&self.problem).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        response
    }
}

fn title(status: StatusCode) -> String {
    match status.as_u16() {
        460 => "Checksum Mismatch".into(),
        _ => status.canonical_reason().unwrap_or("Error").into(),
    }
}

/// A handler panicked: the client gets a problem, the log gets the words.
pub(super) fn of_panic(panic: Box<dyn Any + Send>) -> Response {
    let words = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words");
    ApiProblem::internal("serving the request", &words).into_response()
}
