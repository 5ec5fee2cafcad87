//! `GET /media/{job}/{output}/{file}`: the bytes of published outputs, with ranges, in flat memory.

#![allow(
    unused_qualifications,
    reason = "the path macro writes out the type of the query"
)]

mod conditions;
mod handover;
mod range;
mod respond;

use crate::{
    api::Shared,
    owner::OWNER,
    problems::{of_objects, of_store},
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, Method},
    response::Response,
};
use reelmill_domain::{
    id::{JobId, OutputId},
    output::OutputFile,
};
use reelmill_runtime::http::{ApiProblem, Path, Problems, Query};
use reelmill_store::read::{self, Offered};
use respond::Answer;
use serde::Deserialize;
use utoipa::IntoParams;

/// How the file is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct How {
    /// `1`: to be saved, not shown.
    download: Option<u8>,
}

/// A file of a published output
///
/// With `Range`, `If-Range`, `If-None-Match`. `ETag` is the file's SHA-256. 410 once the output has expired.
#[utoipa::path(
    get, path = "/media/{job}/{output}/{file}", tag = "media", operation_id = "get_media",
    params(
        ("job" = JobId, Path, description = "The job"),
        ("output" = OutputId, Path, description = "The output"),
        ("file" = String, Path, description = "The file's name"),
        ("Range" = Option<String>, Header, description = "`bytes=0-1023`"),
        How,
    ),
    responses(
        (status = 200, description = "The file", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, description = "A range of it", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 304, description = "It has not changed"),
        (status = 416, description = "The range lies outside of it"),
        Problems,
    )
)]
pub async fn get(
    State(core): State<Shared>,
    Path((job, output, name)): Path<(JobId, OutputId, String)>,
    Query(how): Query<How>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiProblem> {
    let offered = read::offered(core.store.db(), OWNER, job, output, &name)
        .await
        .map_err(|e| of_store(&e))?;
    let file = match offered {
        Offered::File(file) => file,
        Offered::Expired => {
            return Err(ApiProblem::gone(
                "output_expired",
                "this output has expired; make it again",
            ));
        }
        Offered::Nothing => return Err(ApiProblem::not_found("there is no such file")),
    };
    let answer = conditions::decide(&headers, &file);
    let download = how.download == Some(1);
    if core.config.accel_redirect
        && handover::fits(&method, &headers, &answer)
        && let Some(location) = handover::location(&*core.objects, &file).await
    {
        let mut response = respond::respond(&Answer::Whole, &file, download, Body::empty());
        handover::send_to(response.headers_mut(), &location);
        return Ok(response);
    }
    let body = match &answer {
        Answer::Whole | Answer::Part(_) if method == Method::HEAD => Body::empty(),
        Answer::Whole => body(&core, &file, 0..file.bytes).await?,
        Answer::Part(range) => body(&core, &file, range.clone()).await?,
        Answer::Unchanged => Body::empty(),
        Answer::Outside => return Err(respond::outside(&file)),
    };
    Ok(respond::respond(&answer, &file, download, body))
}

async fn body(
    core: &Shared,
    file: &OutputFile,
    range: std::ops::Range<u64>,
) -> Result<Body, ApiProblem> {
    if range.is_empty() {
        return Ok(Body::empty());
    }
    let bytes = core
        .objects
        .read(&file.key, range)
        .await
        .map_err(|e| of_objects(&e))?;
    Ok(Body::from_stream(bytes))
}
