//! `GET /api/v1/jobs/{id}`: one job.

use super::Shared;
use crate::{owner::OWNER, problems::of_store, view};
use axum::extract::State;
use reelmill_domain::{api::JobView, id::JobId};
use reelmill_runtime::http::{ApiProblem, Json, Path, Problems};
use reelmill_store::read;

/// A job
#[utoipa::path(
    get, path = "/api/v1/jobs/{id}", tag = "jobs", operation_id = "get_job",
    params(("id" = JobId, Path, description = "The job")),
    responses((status = 200, description = "The job", body = JobView), Problems)
)]
pub async fn get(
    State(core): State<Shared>,
    Path(id): Path<JobId>,
) -> Result<Json<JobView>, ApiProblem> {
    let record = read::job(core.store.db(), OWNER, id)
        .await
        .map_err(|e| of_store(&e))?;
    let views = view::of(&core, record.as_slice())
        .await
        .map_err(|e| of_store(&e))?;
    let view = views.into_iter().next();
    view.map(Json)
        .ok_or_else(|| ApiProblem::not_found(format!("there is no job {id}")))
}
