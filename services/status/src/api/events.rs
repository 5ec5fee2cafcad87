//! `GET /api/v1/jobs/{id}/events` and `GET /api/v1/events`: what happens, as server-sent events.

use super::Shared;
use crate::{core::Core, owner::OWNER, problems::of_store, sse};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use reelmill_domain::id::JobId;
use reelmill_runtime::http::{ApiProblem, Path, Problems};
use reelmill_store::{StoreError, events, read};

/// What happens to a job
///
/// Server-sent events: `job`, `output` and `deleted` with an id that counts from 1 without gaps, and `progress` without
/// one. With `Last-Event-ID` it goes on after that, and nothing is missed; without, it begins with the job.
#[utoipa::path(
    get, path = "/api/v1/jobs/{id}/events", tag = "events", operation_id = "stream_job_events",
    params(
        ("id" = JobId, Path, description = "The job"),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event received"),
    ),
    responses(
        (status = 200, description = "The stream; it ends when the job is deleted", content_type = "text/event-stream", body = String),
        (status = 204, description = "The job was deleted, and all was told: don't come back"),
        Problems,
    )
)]
pub async fn of_job(
    State(core): State<Shared>,
    Path(id): Path<JobId>,
    headers: HeaderMap,
) -> Result<Response, ApiProblem> {
    let db = core.store.db();
    let job = read::job(db, OWNER, id).await.map_err(|e| of_store(&e))?;
    let last = last_id(&headers);
    if job.is_none() {
        // A deleted job's story is still told to the end: a client that was away learns of it.
        let story = events::of_job(db, id, 0, 1)
            .await
            .map_err(|e| of_store(&e))?;
        if !story.iter().any(|told| told.owner == OWNER) {
            return Err(ApiProblem::not_found(format!("there is no job {id}")));
        }
        let rest = events::of_job(db, id, last.unwrap_or(0), 1)
            .await
            .map_err(|e| of_store(&e))?;
        if rest.is_empty() {
            // Nothing follows any more: this answer keeps a browser from coming back for ever.
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
    }
    Ok(sse::of_job(core, id, last.unwrap_or(0)).into_response())
}

/// What happens to all jobs
///
/// The same events as of one job, with ids that grow over all jobs. Without `Last-Event-ID` it begins now (the last
/// seconds may be told again).
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events", operation_id = "stream_events",
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event received")),
    responses((status = 200, description = "The stream", content_type = "text/event-stream", body = String), Problems)
)]
pub async fn of_all(
    State(core): State<Shared>,
    headers: HeaderMap,
) -> Result<Response, ApiProblem> {
    let from = beginning(&core, &headers).await.map_err(|e| of_store(&e))?;
    Ok(sse::of_all(core, from).into_response())
}

/// After the id that the client heard last. One that was never told here is another database's (a new data folder, an
/// old backup): to wait for the ids to reach it would keep the client in the dark.
async fn beginning(core: &Core, headers: &HeaderMap) -> Result<i64, StoreError> {
    let db = core.store.db();
    if let Some(id) = last_id(headers).and_then(|id| i64::try_from(id).ok())
        && id <= events::last(db).await?
    {
        return Ok(id);
    }
    events::beginning(db).await
}

/// An id that is none of ours counts as absent; the database's numbers end at 2^63.
fn last_id(headers: &HeaderMap) -> Option<u64> {
    let id: u64 = headers
        .get("last-event-id")?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    i64::try_from(id).is_ok().then_some(id)
}
