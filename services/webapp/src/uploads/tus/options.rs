//! What this server can do, for a tus client that asks.

use super::{EXTENSIONS, VERSION};
use crate::{app::App, uploads::digest::ALGORITHMS};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use reelmill_domain::id::UploadId;
use reelmill_runtime::http::{Path, Problems};

/// What the tus server can do
#[utoipa::path(
    options, path = "/api/v1/uploads", tag = "uploads", operation_id = "upload_options",
    responses((status = 204, description = "`Tus-Version`, `Tus-Extension`, `Tus-Max-Size`, `Tus-Checksum-Algorithm`"))
)]
pub async fn options(State(app): State<App>) -> Response {
    answer(&app, "OPTIONS, POST, PUT")
}

/// What the tus server can do with an upload
#[utoipa::path(
    options, path = "/api/v1/uploads/{id}", tag = "uploads", operation_id = "one_upload_options",
    params(("id" = UploadId, Path, description = "The upload")),
    responses((status = 204, description = "As above"), Problems)
)]
pub async fn options_of_one(State(app): State<App>, _id: Path<UploadId>) -> Response {
    answer(&app, "DELETE, GET, HEAD, OPTIONS, PATCH")
}

fn answer(app: &App, allow: &'static str) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert("tus-version", HeaderValue::from_static(VERSION));
    headers.insert("tus-extension", HeaderValue::from_static(EXTENSIONS));
    headers.insert(
        "tus-checksum-algorithm",
        HeaderValue::from_static(ALGORITHMS),
    );
    headers.insert("tus-max-size", HeaderValue::from(app.config.upload_bytes));
    headers.insert(header::ALLOW, HeaderValue::from_static(allow));
    (StatusCode::NO_CONTENT, headers).into_response()
}
