//! `GET /metrics`, in the text that Prometheus scrapes.

use super::{
    figures::{Ask, Figures},
    instruments::INSTRUMENTS,
};
use crate::http::ApiProblem;
use axum::{extract::State, http::header, response::IntoResponse};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The route. `ask` gives the figures of the database, where there is one.
pub fn router(ask: Option<Ask>) -> OpenApiRouter {
    let figures = Figures::new(ask);
    if INSTRUMENTS.pushed {
        figures.keep_fresh();
    }
    OpenApiRouter::new()
        .routes(routes!(metrics))
        .with_state(figures)
}

/// What this process measures, as Prometheus reads it.
#[utoipa::path(get, path = "/metrics", tag = "health", responses(
    (status = 200, description = "Prometheus's text format", body = String, content_type = "text/plain"),
))]
async fn metrics(State(figures): State<Figures>) -> Result<impl IntoResponse, ApiProblem> {
    figures.refresh().await;
    let text = INSTRUMENTS
        .text()
        .map_err(|e| ApiProblem::internal("writing the metrics", &e))?;
    Ok(([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text))
}
