//! `PATCH`: bytes at an offset. One at a time per upload: whoever writes already is asked to let go.

use super::{
    headers::{check_octets, check_version, invalid, number, state_of, text},
    params,
};
use crate::{
    app::App,
    uploads::{
        broke_off,
        digest::Digest,
        incoming::{Body, End},
        intake::{Intake, Received},
        lease::Lease,
        locked,
    },
};
use axum::{
    body::HttpBody,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use futures::TryStreamExt;
use reelmill_domain::{id::UploadId, wire::Traceparent};
use reelmill_runtime::{
    http::{ApiProblem, Path, Problems},
    trace,
};
use reelmill_store::uploads::Upload;
use std::io;

/// Bytes for a resumable upload (tus)
#[utoipa::path(
    patch, path = "/api/v1/uploads/{id}", tag = "uploads", operation_id = "patch_upload",
    params(
        ("id" = UploadId, Path, description = "The upload"),
        params::Piece,
    ),
    request_body(content_type = "application/offset+octet-stream"),
    responses((status = 204, description = "Stored; `Upload-Offset` says how far it is"), Problems)
)]
pub async fn patch(
    State(app): State<App>,
    Path(id): Path<UploadId>,
    request: Request,
) -> Result<Response, ApiProblem> {
    let (parts, body) = request.into_parts();
    let headers = parts.headers;
    check_version(&headers, true)?;
    check_octets(&headers)?;
    let wish = Wish {
        offset: number(&headers, "upload-offset")?
            .ok_or_else(|| invalid("Upload-Offset", "it is missing"))?,
        length: number(&headers, "upload-length")?,
        coming: body.size_hint().exact(),
        checksum: text(&headers, "upload-checksum")?
            .map(Digest::parse)
            .transpose()?,
        trace: trace::sent(&headers),
    };
    let body = Box::pin(body.into_data_stream().map_err(io::Error::other));
    let intake = app.intake.clone();
    let state = app
        .detached(async move { go_on(&intake, id, wish, body).await })
        .await?;
    Ok((StatusCode::NO_CONTENT, state).into_response())
}

struct Wish {
    offset: u64,
    length: Option<u64>,
    /// Bytes of the body, if it says.
    coming: Option<u64>,
    checksum: Option<Digest>,
    trace: Option<Traceparent>,
}

async fn go_on(
    intake: &Intake,
    id: UploadId,
    wish: Wish,
    body: Body,
) -> Result<HeaderMap, ApiProblem> {
    // Bytes that are stored already are refused without disturbing anybody.
    let stored = intake.find(id).await?.offset;
    if wish.offset < stored {
        return Err(wrong_offset(stored, wish.offset));
    }
    intake.freed(id).await?;
    let (upload, lease) = intake.lock(id).await?;
    let done = write(intake, upload, &lease, wish, body).await;
    if done.is_err() {
        intake.unlock(&lease).await;
    }
    done
}

async fn write(
    intake: &Intake,
    mut upload: Upload,
    lease: &Lease,
    wish: Wish,
    body: Body,
) -> Result<HeaderMap, ApiProblem> {
    if upload.offset != wish.offset {
        return Err(wrong_offset(upload.offset, wish.offset));
    }
    upload.trace = wish.trace.or(upload.trace);
    if let Some(length) = wish.length {
        intake.declare(&mut upload, lease, length).await?;
    }
    if let Some(coming) = wish.coming {
        intake.check_room(&upload, coming)?;
    }
    let Received { upload, end } = match upload.complete || upload.is_unfinished() {
        // Only nothing can come after the end. The last byte may have come before a crash: then it is finished below.
        true => Received {
            end: intake.nothing_more(&upload, body).await?,
            upload,
        },
        false => intake.receive(upload, lease, body, wish.checksum).await?,
    };
    match end {
        End::Whole => {}
        End::LetGo | End::Excess => return Err(locked()),
        End::BrokenOff(_) => return Err(broke_off()),
        End::Idle => {
            return Err(ApiProblem::new(
                StatusCode::REQUEST_TIMEOUT,
                "body_too_slow",
                "nothing came for a long time; what came before is stored",
            ));
        }
    }
    let upload = close(intake, upload, lease).await?;
    Ok(state_of(&upload))
}

/// 409, with the offset to go on from.
fn wrong_offset(stored: u64, said: u64) -> ApiProblem {
    let words = format!("the upload has {stored} bytes, not {said}");
    let name = HeaderName::from_static("upload-offset");
    ApiProblem::conflict("wrong_offset", words).header(name, HeaderValue::from(stored))
}

/// Finishes an upload that has every byte; unlocks it in any case.
pub(super) async fn close(
    intake: &Intake,
    upload: Upload,
    lease: &Lease,
) -> Result<Upload, ApiProblem> {
    if upload.is_unfinished() {
        return intake.finish(upload, lease).await;
    }
    intake.unlock(lease).await;
    Ok(upload)
}
