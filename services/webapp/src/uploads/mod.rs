//! Bytes in: tus 1.0.0, plain PUT, multipart forms. Offset and lock live in the database, the bytes in the object store's
//! upload sink; nothing here keeps state between requests.

mod base64;
mod digest;
mod form;
mod incoming;
mod intake;
mod lease;
mod paced;
mod plain;
mod post;
mod remove;
mod room;
mod tus;
mod view;
mod wait;

pub use intake::Intake;

use crate::app::App;
use axum::{
    extract::DefaultBodyLimit,
    http::{HeaderValue, StatusCode},
    middleware::{Next, from_fn},
    response::Response,
};
use reelmill_runtime::http::ApiProblem;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes below `/api/v1/uploads`.
pub fn router(app: App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(post::post, plain::put, tus::options::options))
        .routes(routes!(
            view::get,
            tus::head::head,
            tus::patch::patch,
            tus::delete::delete,
            tus::options::options_of_one
        ))
        .route(
            "/api/v1/uploads/{id}",
            axum::routing::post(tus::overridden::post),
        )
        // Uploads have their own limit, and no time limit.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn(speak_tus))
        .with_state(app)
}

/// tus wants its version on every answer.
async fn speak_tus(request: axum::extract::Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .insert("tus-resumable", HeaderValue::from_static(tus::VERSION));
    response
}

fn locked() -> ApiProblem {
    ApiProblem::new(
        StatusCode::LOCKED,
        "upload_locked",
        "another request writes to this upload; ask for its offset and go on from there",
    )
}

fn expired() -> ApiProblem {
    ApiProblem::gone(
        "upload_expired",
        "this upload has expired; send the file again",
    )
}

fn wrong_checksum() -> ApiProblem {
    // 460 is tus's own; it is a valid code.
    let status = StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST);
    ApiProblem::new(
        status,
        "wrong_checksum",
        "the bytes don't have the checksum that came with them; they don't count, send them again",
    )
}

fn broke_off() -> ApiProblem {
    ApiProblem::bad_request("body_broken_off", "the body broke off")
}
