//! `POST /api/v1/jobs/{id}/cancel`: an end to it, now.

use super::show;
use crate::{app::App, problems::Refusal};
use axum::extract::State;
use reelmill_domain::{api::JobView, event::JobEvent, id::JobId};
use reelmill_runtime::http::{ApiProblem, Json, Path, Problems};
use reelmill_store::{Change, apply};

/// Cancel a job
///
/// What is published already stays. A job that has ended is left as it is.
#[utoipa::path(
    post, path = "/api/v1/jobs/{id}/cancel", tag = "jobs", operation_id = "cancel_job",
    params(("id" = JobId, Path, description = "The job")),
    responses((status = 200, description = "The job, ended", body = JobView), Problems)
)]
pub async fn cancel(
    State(app): State<App>,
    Path(id): Path<JobId>,
) -> Result<Json<JobView>, ApiProblem> {
    // Also says whether it is there, and the caller's.
    show::view(&app, id).await?;
    let change = Change::Job(JobEvent::Cancel);
    let after = apply(&app.store, id, change, &app.config.policy)
        .await
        .map_err(Refusal::from)?;
    app.hint(id, &after, None);
    show::view(&app, id).await.map(Json)
}
