//! tus termination. A stored file stays while a job holds it.

use super::{headers::check_version, params};
use crate::app::App;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use reelmill_domain::id::UploadId;
use reelmill_runtime::http::{ApiProblem, Path, Problems};

/// Forget an upload
#[utoipa::path(
    delete, path = "/api/v1/uploads/{id}", tag = "uploads", operation_id = "delete_upload",
    params(
        ("id" = UploadId, Path, description = "The upload"),
        params::Version,
    ),
    responses((status = 204, description = "Gone; jobs that use it keep what they need"), Problems)
)]
pub async fn delete(
    State(app): State<App>,
    Path(id): Path<UploadId>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiProblem> {
    check_version(&headers, false)?;
    app.intake.freed(id).await?;
    let intake = app.intake.clone();
    app.detached(async move {
        let (upload, lease) = intake.lock(id).await?;
        let removed = intake.remove(upload, &lease).await;
        if removed.is_err() {
            intake.unlock(&lease).await;
        }
        removed
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
