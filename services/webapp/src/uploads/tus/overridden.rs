//! `X-HTTP-Method-Override`, for clients behind something that only lets GET and POST through.

use super::{delete, head, patch};
use crate::app::App;
use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use reelmill_domain::id::UploadId;
use reelmill_runtime::http::{ApiProblem, Path};

/// A POST that means another method.
pub async fn post(
    state: State<App>,
    id: Path<UploadId>,
    request: Request,
) -> Result<Response, ApiProblem> {
    let method = request
        .headers()
        .get("x-http-method-override")
        .map(|method| method.as_bytes().to_ascii_uppercase());
    match method.as_deref() {
        Some(b"PATCH") => patch::patch(state, id, request).await,
        Some(b"HEAD") => head::head(state, id, request.headers().clone()).await,
        Some(b"DELETE") => {
            let headers = request.headers().clone();
            let gone = delete::delete(state, id, headers).await?;
            Ok(gone.into_response())
        }
        _ => Err(ApiProblem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "POST needs X-HTTP-Method-Override here: PATCH, HEAD or DELETE",
        )
        .header(
            header::ALLOW,
            HeaderValue::from_static("DELETE, GET, HEAD, OPTIONS, PATCH"),
        )),
    }
}
