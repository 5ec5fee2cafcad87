//! `HEAD`: how far an upload is. Frees it from a request that hangs.

use super::{
    headers::{check_version, state_of},
    params,
};
use crate::app::App;
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use reelmill_domain::id::UploadId;
use reelmill_runtime::http::{ApiProblem, Path, Problems};

/// How far a resumable upload is (tus)
///
/// A request that still writes to the upload is asked to store what it has and let go.
#[utoipa::path(
    head, path = "/api/v1/uploads/{id}", tag = "uploads", operation_id = "head_upload",
    params(
        ("id" = UploadId, Path, description = "The upload"),
        params::Version,
    ),
    responses((status = 200, description = "`Upload-Offset` and `Upload-Length` (or `Upload-Defer-Length: 1`)"), Problems)
)]
pub async fn head(
    State(app): State<App>,
    Path(id): Path<UploadId>,
    headers: HeaderMap,
) -> Result<Response, ApiProblem> {
    check_version(&headers, false)?;
    let upload = app.intake.freed(id).await?;
    let upload = app.intake.settled(upload).await?;
    let mut answer = state_of(&upload);
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match upload.length {
        Some(length) => answer.insert("upload-length", HeaderValue::from(length)),
        None => answer.insert("upload-defer-length", HeaderValue::from_static("1")),
    };
    if !upload.metadata.is_empty()
        && let Ok(metadata) = HeaderValue::try_from(upload.metadata)
    {
        answer.insert("upload-metadata", metadata);
    }
    Ok((StatusCode::OK, answer).into_response())
}
