//! The net under all handlers: an error that is not a problem yet (unknown route, wrong method, a library's plain text) becomes one.
//! Keeps status and headers (`Allow`, `Content-Range`); never touches a body that has a type of its own.

use super::ApiProblem;
use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Longest plain text that is kept as a problem's detail.
const TEXT_LIMIT: usize = 4096;

/// Middleware.
pub(super) async fn make_problems(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || has_own_type(&response) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let text = to_bytes(body, TEXT_LIMIT).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let (code, words) = words_for(status);
    let detail = if text.trim().is_empty() {
        words
    } else {
        text.trim()
    };
    let problem = ApiProblem::new(status, code, detail).into_response();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::CONTENT_TYPE);
    let (problem_parts, problem_body) = problem.into_parts();
    parts.headers.extend(problem_parts.headers);
    Response::from_parts(parts, Body::new(problem_body))
}

fn has_own_type(response: &Response) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| !kind.as_bytes().starts_with(b"text/plain"))
}

fn words_for(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::BAD_REQUEST => ("bad_request", "the request can't be understood"),
        StatusCode::NOT_FOUND => ("not_found", "there is nothing at this address"),
        StatusCode::METHOD_NOT_ALLOWED => (
            "method_not_allowed",
            "this address doesn't take that method; `Allow` lists those it takes",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => ("body_too_large", "the body is larger than allowed"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (
            "unsupported_media_type",
            "the body is of a type that is not taken here",
        ),
        StatusCode::RANGE_NOT_SATISFIABLE => (
            "range_not_satisfiable",
            "the range lies outside of the file",
        ),
        status if status.is_server_error() => {
            ("internal", "the request failed; the server's log says why")
        }
        _ => ("refused", "the request was refused"),
    }
}
