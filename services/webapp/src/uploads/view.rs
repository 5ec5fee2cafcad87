//! An upload as JSON.

use crate::{app::App, problems::of_store};
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use reelmill_domain::{api::UploadView, id::UploadId};
use reelmill_runtime::http::{ApiProblem, Json, Path, Problems};
use reelmill_store::uploads::{self, Upload};

/// What is known of an upload
#[utoipa::path(
    get, path = "/api/v1/uploads/{id}", tag = "uploads", operation_id = "get_upload",
    params(("id" = UploadId, Path, description = "The upload")),
    responses((status = 200, description = "The upload", body = UploadView), Problems)
)]
pub async fn get(State(app): State<App>, Path(id): Path<UploadId>) -> Result<Response, ApiProblem> {
    let upload = app.intake.find(id).await?;
    let upload = app.intake.settle(upload).await?;
    let view = shown(&app, upload).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(view)).into_response())
}

/// Answers with the upload and its address.
pub(super) async fn answer(
    app: &App,
    status: StatusCode,
    upload: Upload,
) -> Result<Response, ApiProblem> {
    let location = location(upload.id)?;
    let view = shown(app, upload).await?;
    Ok((status, [(header::LOCATION, location)], Json(view)).into_response())
}

/// Where an upload is.
pub(super) fn location(id: UploadId) -> Result<HeaderValue, ApiProblem> {
    HeaderValue::try_from(format!("/api/v1/uploads/{id}"))
        .map_err(|error| ApiProblem::internal("writing a location", &error))
}

async fn shown(app: &App, upload: Upload) -> Result<UploadView, ApiProblem> {
    let sha256 = uploads::sha256(app.store.db(), &upload)
        .await
        .map_err(|error| of_store(&error))?;
    Ok(UploadView {
        id: upload.id,
        name: upload.name,
        bytes: upload.length,
        offset: upload.offset,
        complete: upload.complete,
        sha256,
        expires_at: upload.expires_at,
    })
}
