//! A browser's form, or `curl -F file=@clip.mp4`: the part that is called `file` or has a file name is the upload. There must
//! be one of them.

use super::{
    intake::{Beginning, Intake},
    paced::{Begun, Paced},
    view,
};
use crate::{app::App, names};
use axum::{
    body::Body,
    extract::{FromRequest, Multipart, Request, multipart::Field},
    http::StatusCode,
    response::Response,
};
use bytes::Bytes;
use reelmill_domain::{id::UploadId, wire::Traceparent};
use reelmill_runtime::{http::ApiProblem, trace};
use reelmill_store::uploads::Upload;
use std::io;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Takes a form in.
pub(super) async fn upload(app: App, request: Request) -> Result<Response, ApiProblem> {
    let begun = Begun::default();
    let trace = trace::sent(request.headers());
    let request =
        request.map(|body| Body::from_stream(Paced::new(body.into_data_stream(), begun.clone())));
    let form = Multipart::from_request(request, &())
        .await
        .map_err(|rejection| malformed(&rejection.body_text()))?;
    let intake = app.intake.clone();
    let upload = app
        .detached(async move { only_file(&intake, form, &begun, trace).await })
        .await?;
    view::answer(&app, StatusCode::CREATED, upload).await
}

async fn only_file(
    intake: &Intake,
    mut form: Multipart,
    begun: &Begun,
    trace: Option<Traceparent>,
) -> Result<Upload, ApiProblem> {
    let upload = loop {
        let Some(field) = next(&mut form).await? else {
            let words = "no part of the form is a file";
            return Err(ApiProblem::unprocessable("missing_file", words).field("file"));
        };
        let Some(name) = name_of_file(&field) else {
            continue;
        };
        let beginning = Beginning {
            name,
            trace,
            ..Beginning::default()
        };
        begun.tell();
        // A field borrows the form, so its bytes go through a channel with room for one chunk.
        let (sender, receiver) = mpsc::channel(1);
        let body = Box::pin(ReceiverStream::new(receiver));
        let (_, taken) = tokio::join!(feed(field, sender), intake.take_whole(beginning, body));
        break taken?;
    };
    if let Err(problem) = no_more(&mut form).await {
        // Nobody knows its id: it goes now, or else when it expires.
        if let Err(problem) = forget(intake, upload.id).await {
            let why = &problem.problem().detail;
            tracing::warn!(upload = %upload.id, why, "a refused upload could not be removed yet");
        }
        return Err(problem);
    }
    Ok(upload)
}

/// The rest of the form must hold no file: of two, one would be lost.
async fn no_more(form: &mut Multipart) -> Result<(), ApiProblem> {
    while let Some(field) = next(form).await? {
        if name_of_file(&field).is_some() {
            let words = "a form may hold one file; send a form for each";
            return Err(ApiProblem::unprocessable("too_many_files", words).field("file"));
        }
    }
    Ok(())
}

async fn next(form: &mut Multipart) -> Result<Option<Field<'_>>, ApiProblem> {
    let field = form.next_field().await;
    field.map_err(|error| malformed(&error.body_text()))
}

/// The name of a part that is a file.
fn name_of_file(field: &Field<'_>) -> Option<String> {
    let name = match (field.file_name(), field.name()) {
        (Some(name), _) => name,
        (None, Some("file")) => "",
        (None, _) => return None,
    };
    Some(names::of_upload(name))
}

async fn forget(intake: &Intake, id: UploadId) -> Result<(), ApiProblem> {
    let (upload, lease) = intake.lock(id).await?;
    intake.remove(upload, &lease).await
}

/// Sends a field's bytes until its end, or until nobody wants them.
async fn feed(mut field: Field<'_>, sender: mpsc::Sender<io::Result<Bytes>>) {
    loop {
        let chunk = match field.chunk().await {
            Ok(None) => return,
            Ok(Some(chunk)) => Ok(chunk),
            Err(error) => Err(io::Error::other(error)),
        };
        let broken = chunk.is_err();
        if sender.send(chunk).await.is_err() || broken {
            return;
        }
    }
}

fn malformed(why: &str) -> ApiProblem {
    ApiProblem::bad_request("malformed_form", why)
}
