//! tus creation, creation-with-upload and creation-defer-length.

use super::{
    headers::{check_version, has_octets, invalid, number, state_of, text},
    metadata, patch,
};
use crate::{
    app::App,
    names,
    uploads::{
        digest::Digest,
        incoming::Body,
        intake::{Beginning, Intake, Received},
        lease::Lease,
        view,
    },
};
use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::TryStreamExt;
use reelmill_runtime::{http::ApiProblem, trace};
use reelmill_store::uploads::Upload;
use std::io;

/// Begins an upload, and takes its first bytes when they come along.
pub async fn create(app: App, request: Request) -> Result<Response, ApiProblem> {
    let (parts, body) = request.into_parts();
    let headers = parts.headers;
    check_version(&headers, true)?;
    let beginning = beginning(&headers)?;
    let checksum = text(&headers, "upload-checksum")?
        .map(Digest::parse)
        .transpose()?;
    let body: Option<Body> = has_octets(&headers)
        .then(|| Box::pin(body.into_data_stream().map_err(io::Error::other)) as Body);
    let intake = app.intake.clone();
    let upload = app
        .detached(async move { begin(&intake, beginning, body, checksum).await })
        .await?;
    let location = [(header::LOCATION, view::location(upload.id)?)];
    Ok((StatusCode::CREATED, location, state_of(&upload)).into_response())
}

fn beginning(headers: &HeaderMap) -> Result<Beginning, ApiProblem> {
    if headers.contains_key("upload-concat") {
        return Err(ApiProblem::not_available_yet("Upload-Concat"));
    }
    let length = number(headers, "upload-length")?;
    let deferred = text(headers, "upload-defer-length")?;
    match (length, deferred) {
        (Some(_), None) | (None, Some("1")) => {}
        (None, None) => return Err(invalid("Upload-Length", "it is missing")),
        _ => {
            return Err(invalid(
                "Upload-Defer-Length",
                "it must be 1, and without Upload-Length",
            ));
        }
    }
    let metadata = text(headers, "upload-metadata")?.unwrap_or_default();
    let file_name = metadata::file_name(metadata)?.unwrap_or_default();
    Ok(Beginning {
        name: names::of_upload(&file_name),
        metadata: metadata.to_owned(),
        length,
        trace: trace::sent(headers),
    })
}

async fn begin(
    intake: &Intake,
    beginning: Beginning,
    body: Option<Body>,
    checksum: Option<Digest>,
) -> Result<Upload, ApiProblem> {
    let (upload, lease) = intake.begin(beginning).await?;
    let id = upload.id;
    match first_bytes(intake, upload, &lease, body, checksum).await {
        Ok(upload) => Ok(upload),
        Err(problem) => {
            // Its address was never told to anybody.
            if let Err(other) = intake.discard(id, &lease).await {
                let why = &other.problem().detail;
                tracing::warn!(upload = %id, why, "a refused upload could not be removed yet");
            }
            Err(problem)
        }
    }
}

async fn first_bytes(
    intake: &Intake,
    mut upload: Upload,
    lease: &Lease,
    body: Option<Body>,
    checksum: Option<Digest>,
) -> Result<Upload, ApiProblem> {
    if let Some(body) = body {
        // Whatever made it end early: the answer says how far it came.
        let Received { upload: now, .. } = intake.receive(upload, lease, body, checksum).await?;
        upload = now;
    }
    patch::close(intake, upload, lease).await
}
