//! The manners of every HTTP listener: problems, strict extractors, the guard, CORS, security headers, the access log.
//! Knows nothing of jobs or uploads, and must never read a request's body beyond its limit.

mod access;
mod cors;
mod extract;
mod guard;
mod headers;
mod linger;
mod problem;
mod responses;
mod serve;
mod settings;
mod uniform;

pub use access::RequestId;
pub use extract::{JSON_LIMIT, Json, Path, Query, from_value, parse_json};
pub use problem::{ApiProblem, PROBLEM_JSON};
pub use responses::Problems;
pub use serve::serve;
pub use settings::HttpSettings;

use axum::{Router, extract::DefaultBodyLimit, middleware};
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;

/// Puts the manners around a finished router, outermost last. Call it once per listener, after all merging.
pub fn with_manners(router: Router, settings: &HttpSettings) -> Router {
    let settings = Arc::new(settings.clone());
    router
        .layer(DefaultBodyLimit::max(JSON_LIMIT))
        .layer(middleware::from_fn(linger::linger))
        .layer(middleware::from_fn_with_state(
            settings.clone(),
            cors::answer,
        ))
        .layer(middleware::from_fn_with_state(settings, guard::check))
        .layer(CatchPanicLayer::custom(problem::of_panic))
        .layer(middleware::from_fn(uniform::make_problems))
        .layer(middleware::from_fn(headers::add))
        .layer(middleware::from_fn(access::log))
}

#[cfg(test)]
mod tests;
