//! A whole body at once: `curl -T clip.mp4 'http://…/api/v1/uploads?name=clip.mp4'`. It is there whole, or not at all.

use super::{
    incoming::{Body, End},
    intake::{Beginning, Intake},
    view,
};
use crate::{app::App, names};
use axum::{
    body::HttpBody,
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use futures::TryStreamExt;
use reelmill_domain::api::UploadView;
use reelmill_runtime::{
    http::{ApiProblem, Problems, Query},
    trace,
};
use reelmill_store::uploads::Upload;
use serde::Deserialize;
use std::io;

/// The query of a PUT.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PutQuery {
    /// What the file is called.
    name: Option<String>,
}

/// Upload a file whole
#[utoipa::path(
    put, path = "/api/v1/uploads", tag = "uploads", operation_id = "put_upload",
    params(PutQuery),
    request_body(content_type = "application/octet-stream"),
    responses((status = 201, description = "There; `Location` says where", body = UploadView), Problems)
)]
pub async fn put(
    State(app): State<App>,
    Query(query): Query<PutQuery>,
    request: Request,
) -> Result<Response, ApiProblem> {
    let trace = trace::sent(request.headers());
    let body = request.into_body();
    let beginning = Beginning {
        name: names::of_upload(query.name.as_deref().unwrap_or_default()),
        metadata: String::new(),
        length: body.size_hint().exact(),
        trace,
    };
    let body = Box::pin(body.into_data_stream().map_err(io::Error::other));
    let intake = app.intake.clone();
    let upload = app
        .detached(async move { intake.take_whole(beginning, body).await })
        .await?;
    view::answer(&app, StatusCode::CREATED, upload).await
}

impl Intake {
    /// Takes a whole body in, or nothing.
    pub(super) async fn take_whole(
        &self,
        beginning: Beginning,
        body: Body,
    ) -> Result<Upload, ApiProblem> {
        let (upload, lease) = self.begin(beginning).await?;
        let id = upload.id;
        let taken = async {
            let received = self.receive(upload, &lease, body, None).await?;
            if received.end != End::Whole {
                return Err(super::broke_off());
            }
            let mut upload = received.upload;
            match upload.length {
                Some(length) if length == upload.offset => {}
                Some(_) => return Err(super::broke_off()),
                None => {
                    upload.length = Some(upload.offset);
                    self.advance(&mut upload, &lease).await?;
                }
            }
            self.finish(upload, &lease).await
        }
        .await;
        if taken.is_err() {
            // Nobody knows its id: what there is of it goes now, or else when it expires.
            if let Err(problem) = self.discard(id, &lease).await {
                let why = &problem.problem().detail;
                tracing::warn!(upload = %id, why, "a broken upload could not be removed yet");
            }
        }
        taken
    }
}
