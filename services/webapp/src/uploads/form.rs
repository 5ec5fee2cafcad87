//! A browser's form, or `curl -F file=@clip.mp4`: the first part that is called `file` or has a file name is the upload.

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
use reelmill_runtime::http::ApiProblem;
use reelmill_store::uploads::Upload;
use std::io;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Takes a form in.
pub(super) async fn upload(app: App, request: Request) -> Result<Response, ApiProblem> {
    let begun = Begun::default();
    let request =
        request.map(|body| Body::from_stream(Paced::new(body.into_data_stream(), begun.clone())));
    let form = Multipart::from_request(request, &())
        .await
        .map_err(|rejection| malformed(&rejection.body_text()))?;
    let intake = app.intake.clone();
    let upload = app
        .detached(async move { first_file(&intake, form, &begun).await })
        .await?;
    view::answer(&app, StatusCode::CREATED, upload).await
}

async fn first_file(
    intake: &Intake,
    mut form: Multipart,
    begun: &Begun,
) -> Result<Upload, ApiProblem> {
    loop {
        let field = form
            .next_field()
            .await
            .map_err(|error| malformed(&error.body_text()))?;
        let Some(field) = field else {
            return Err(
                ApiProblem::unprocessable("missing_file", "no part of the form is a file")
                    .field("file"),
            );
        };
        let file_name = match (field.file_name(), field.name()) {
            (Some(name), _) => name,
            (None, Some("file")) => "",
            (None, _) => continue,
        };
        let beginning = Beginning {
            name: names::of_upload(file_name),
            ..Beginning::default()
        };
        begun.tell();
        // A field borrows the form, so its bytes go through a channel with room for one chunk.
        let (sender, receiver) = mpsc::channel(1);
        let body = Box::pin(ReceiverStream::new(receiver));
        let (_, taken) = tokio::join!(feed(field, sender), intake.take_whole(beginning, body));
        return taken;
    }
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
