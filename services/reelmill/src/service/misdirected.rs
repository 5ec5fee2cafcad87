//! A service alone answers what another service has with 421, and says which: the front is wrong, not the client.

use axum::{
    extract::{Request, State},
    http::{Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use reelmill_runtime::{config::Role, http::ApiProblem};

/// Middleware.
pub async fn refuse(State(role): State<Role>, request: Request, next: Next) -> Response {
    match owner(request.method(), request.uri().path()) {
        Some(owner) if owner != role && role != Role::All => {
            let (here, there) = (name(role), name(owner));
            ApiProblem::new(
                StatusCode::MISDIRECTED_REQUEST,
                "misdirected",
                format!("this is {here}; {there} has that: the proxy in front must send it there"),
            )
            .into_response()
        }
        _ => next.run(request).await,
    }
}

/// Which service has a route. `None`: every one of them has its own.
fn owner(method: &Method, path: &str) -> Option<Role> {
    let below = |base: &str| {
        let rest = path.strip_prefix(base);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if ["/healthz", "/readyz", "/metrics"].contains(&path) {
        return None;
    }
    let reads = method == Method::GET || method == Method::HEAD;
    let has_reads = (below("/api/v1") && !below("/api/v1/uploads")) || below("/media");
    Some(match reads && has_reads {
        true => Role::Status,
        false => Role::Webapp,
    })
}

/// What people call it.
pub fn name(role: Role) -> &'static str {
    match role {
        Role::All => "reelmill",
        Role::Webapp => "webapp",
        Role::Status => "status",
        Role::Encoder => "encoder",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_are_status_s_and_the_rest_is_webapp_s() {
        use Role::{Status, Webapp};
        for (method, path, expected) in [
            (Method::GET, "/", Webapp),
            (Method::GET, "/assets/page.js", Webapp),
            (Method::GET, "/docs", Webapp),
            (Method::GET, "/api/openapi.json", Webapp),
            (Method::HEAD, "/api/v1/uploads/7", Webapp),
            (Method::OPTIONS, "/api/v1/uploads", Webapp),
            (Method::GET, "/api/v1/uploads/7", Webapp),
            (Method::GET, "/api/v1/uploadsx", Status),
            (Method::POST, "/api/v1/jobs", Webapp),
            (Method::GET, "/api/v1/jobs", Status),
            (Method::HEAD, "/api/v1/jobs/7", Status),
            (Method::GET, "/api/v1/events", Status),
            (Method::PATCH, "/api/v1/workers/7", Webapp),
            (Method::GET, "/api/v1/workers", Status),
            (Method::HEAD, "/media/7/7/film.webm", Status),
        ] {
            assert_eq!(owner(&method, path), Some(expected), "{method} {path}");
        }
        for path in ["/healthz", "/readyz", "/metrics"] {
            assert_eq!(owner(&Method::GET, path), None);
        }
    }
}
