//! The routes of one process: those of its services, with its health and its metrics.

use super::{misdirected, open::Waiting};
use crate::docs;
use axum::{Router, http::StatusCode, http::header, middleware};
use reelmill_runtime::{
    config::Role,
    health::Health,
    http::ApiProblem,
    metrics::{self, Ask},
};
use reelmill_status::Status;
use reelmill_webapp::Webapp;
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

/// The services that have routes. Both are made wherever one is: the description of the API is of both.
pub struct Parts {
    /// webapp.
    pub webapp: Webapp,
    /// status.
    pub status: Status,
}

/// The routes of services that have begun.
pub fn ready(role: Role, parts: Option<&Parts>, health: Health) -> anyhow::Result<Router> {
    let figures = parts
        .filter(|_| matches!(role, Role::All | Role::Status))
        .map(|parts| figures(parts.status.clone()));
    let own = health.router().merge(metrics::router(figures));
    let Some(parts) = parts else {
        return Ok(only(role, Router::from(own)));
    };
    let (webapp, status) = (parts.webapp.router(), parts.status.router());
    let router = match role {
        Role::All => described(webapp.merge(status).merge(own))?,
        Role::Status => Router::from(status.merge(own)),
        _ => {
            let (_, others) = status.split_for_parts();
            let (router, mut description) = documented(webapp.merge(own)).split_for_parts();
            description.merge(others);
            router.merge(docs::router(description)?)
        }
    };
    Ok(only(role, router))
}

/// What answers until the services are there.
pub fn waiting(role: Role, waiting: &Waiting) -> Router {
    let own = waiting.health().router().merge(metrics::router(None));
    let router = Router::from(own).fallback(async || {
        ApiProblem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "starting",
            "the service is starting; `/readyz` says what it waits for",
        )
        .header(header::RETRY_AFTER, header::HeaderValue::from_static("1"))
    });
    only(role, router)
}

fn only(role: Role, router: Router) -> Router {
    router.layer(middleware::from_fn_with_state(role, misdirected::refuse))
}

fn documented(routes: OpenApiRouter) -> OpenApiRouter {
    OpenApiRouter::with_openapi(docs::Description::openapi()).merge(routes)
}

fn described(routes: OpenApiRouter) -> anyhow::Result<Router> {
    let (router, description) = documented(routes).split_for_parts();
    Ok(router.merge(docs::router(description)?))
}

fn figures(status: Status) -> Ask {
    Arc::new(move || {
        let status = status.clone();
        Box::pin(async move {
            let figures = status.figures().await;
            figures
                .map_err(|error| tracing::warn!(%error, "the figures can't be read"))
                .ok()
        })
    })
}
