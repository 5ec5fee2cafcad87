//! `POST /api/v1/jobs`.

use super::{
    idempotency, show,
    submit::{Submitted, submit},
    wish::Wish,
};
use crate::app::App;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use reelmill_domain::api::{JobView, NewJob};
use reelmill_runtime::{
    http::{ApiProblem, Json, Problems},
    trace,
};
use serde_json::{Map, Value};

/// The key, as the API's description shows it.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "only described")]
pub struct KeyHeader {
    /// Yours; remembered for a day at least.
    #[param(
        rename = "Idempotency-Key",
        required = false,
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]+$"
    )]
    key: String,
}

/// Make a job of an upload
///
/// The answer comes once the job is durable. With an `Idempotency-Key`, sending the same again gives the same job.
#[utoipa::path(
    post, path = "/api/v1/jobs", tag = "jobs", operation_id = "create_job",
    params(KeyHeader),
    request_body = NewJob,
    responses(
        (status = 201, description = "The job; `Location` says where", body = JobView),
        (status = 200, description = "The job that the same key made before", body = JobView),
        Problems
    )
)]
pub async fn create(
    State(app): State<App>,
    headers: HeaderMap,
    Json(body): Json<Map<String, Value>>,
) -> Result<Response, ApiProblem> {
    let key = idempotency::key(&headers)?;
    let wish = Wish::parse(body)?;
    let (sent, worker) = (trace::sent(&headers), app.clone());
    // A client that hangs up must not keep the first task of a job that is written from being published.
    let work = async move {
        Ok(match submit(&worker, wish, key, sent).await? {
            Submitted::Now(made) => (StatusCode::CREATED, worker.made(made)),
            Submitted::Before(id) => (StatusCode::OK, id),
        })
    };
    let (status, id) = app.detached(work).await?;
    show::answer_new(&app, status, id).await
}
