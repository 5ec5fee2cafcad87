//! A job as the API shows it, after it was written.

use crate::{app::App, owner::OWNER, problems::Refusal};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use reelmill_domain::{
    api::{
        JobView,
        render::{JobFacts, Work, job_view},
    },
    id::JobId,
};
use reelmill_runtime::http::{ApiProblem, Json};
use reelmill_store::read;

/// The job. What only its workers know (how far they are) is left to `GET`.
pub(super) async fn view(app: &App, id: JobId) -> Result<JobView, ApiProblem> {
    let db = app.store.db();
    let record = read::job(db, OWNER, id).await.map_err(Refusal::from)?;
    let record = record.ok_or_else(|| unknown(id))?;
    let tallies = read::tallies(db, &[id]).await.map_err(Refusal::from)?;
    let work: Vec<Work> = tallies
        .into_iter()
        .map(|tally| Work {
            output: tally.output,
            state: tally.state,
            tasks: tally.tasks,
            cost_s: tally.cost_s,
            frames: tally.frames,
        })
        .collect();
    let prefix = app.config.http.public_url.as_ref().map(url::Url::as_str);
    let facts = JobFacts {
        source_name: &record.source_name,
        source_sha256: record.source_sha256.as_deref(),
        retry_of: record.retry_of,
        metadata: &record.metadata,
        created_at: record.created_at,
        position: record.position,
        waiting_for: None,
        prefix: prefix.unwrap_or_default().trim_end_matches('/'),
    };
    Ok(job_view(&record.job, &facts, &work, &[]))
}

/// Answers with a job and its address.
pub(super) async fn answer_new(
    app: &App,
    status: StatusCode,
    id: JobId,
) -> Result<Response, ApiProblem> {
    let location = HeaderValue::try_from(format!("/api/v1/jobs/{id}"))
        .map_err(|error| ApiProblem::internal("writing a location", &error))?;
    let view = view(app, id).await?;
    Ok((status, [(header::LOCATION, location)], Json(view)).into_response())
}

/// 404.
pub(super) fn unknown(id: JobId) -> ApiProblem {
    ApiProblem::not_found(format!("there is no job {id}"))
}
