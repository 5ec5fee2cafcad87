//! `DELETE /api/v1/jobs/{id}`: the job and its files go; what others use stays.

use super::show;
use crate::{app::App, owner::OWNER, problems::Refusal};
use axum::{extract::State, http::StatusCode};
use reelmill_domain::id::JobId;
use reelmill_runtime::http::{ApiProblem, Path, Problems};
use reelmill_store::delete::delete as delete_job;

/// Delete a job, with its files
///
/// One that has not ended is cancelled first.
#[utoipa::path(
    delete, path = "/api/v1/jobs/{id}", tag = "jobs", operation_id = "delete_job",
    params(("id" = JobId, Path, description = "The job")),
    responses((status = 204, description = "Gone"), Problems)
)]
pub async fn delete(
    State(app): State<App>,
    Path(id): Path<JobId>,
) -> Result<StatusCode, ApiProblem> {
    let policy = &app.config.policy;
    let after = app
        .store
        .transact(|txn| async move { delete_job(&*txn, OWNER, id, policy).await })
        .await
        .map_err(|error| match error.is_not_found() {
            true => show::unknown(id),
            false => ApiProblem::from(Refusal::from(error)),
        })?;
    app.hint(id, &after, None);
    Ok(StatusCode::NO_CONTENT)
}
