//! `POST /api/v1/uploads`: tus's creation, or a browser's form; told apart by their headers.

use super::{form, tus};
use crate::app::App;
use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    response::Response,
};
use reelmill_domain::api::UploadView;
use reelmill_runtime::http::{ApiProblem, Problems};

/// The form.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "only described; the form is read as it comes in")]
pub struct FileForm {
    /// The file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Begin a resumable upload (tus), or upload a file with a form
///
/// With `Tus-Resumable: 1.0.0`: creation and creation-with-upload of tus. With `multipart/form-data` (`curl -F file=@clip.mp4`):
/// the part that is called `file` or has a file name is the file; there must be one.
#[utoipa::path(
    post, path = "/api/v1/uploads", tag = "uploads", operation_id = "create_upload",
    params(tus::params::Creation),
    request_body(content = FileForm, content_type = "multipart/form-data"),
    responses((status = 201, description = "Begun, or there; `Location` says where", body = UploadView), Problems)
)]
pub async fn post(State(app): State<App>, request: Request) -> Result<Response, ApiProblem> {
    let headers = request.headers();
    let is_tus = headers
        .keys()
        .any(|name| name == "tus-resumable" || name.as_str().starts_with("upload-"));
    if is_tus {
        return tus::create::create(app, request).await;
    }
    let is_form = headers.get(header::CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes()
            .to_ascii_lowercase()
            .starts_with(b"multipart/form-data")
    });
    if is_form {
        return form::upload(app, request).await;
    }
    Err(ApiProblem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "send multipart/form-data, or speak tus 1.0.0 (`Tus-Resumable`), or PUT the whole body",
    ))
}
