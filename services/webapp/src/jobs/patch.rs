//! `PATCH /api/v1/jobs/{id}`: its place in the queue, a pause, its name. All of it, or nothing.

use super::{show, wish};
use crate::{app::App, owner::OWNER, problems::Refusal};
use axum::extract::State;
use reelmill_domain::{
    api::{JobView, PatchJob},
    event::JobEvent,
    id::JobId,
};
use reelmill_runtime::http::{ApiProblem, Json, Path, Problems};
use reelmill_store::{AfterCommit, Change, ConnectionTrait, Policy, apply_in, read};

/// Change a job that has not ended
#[utoipa::path(
    patch, path = "/api/v1/jobs/{id}", tag = "jobs", operation_id = "patch_job",
    params(("id" = JobId, Path, description = "The job")),
    request_body = PatchJob,
    responses((status = 200, description = "The job as it is now", body = JobView), Problems)
)]
pub async fn patch(
    State(app): State<App>,
    Path(id): Path<JobId>,
    Json(patch): Json<PatchJob>,
) -> Result<Json<JobView>, ApiProblem> {
    let events = events(patch)?;
    let (events, policy) = (&events, &app.config.policy);
    let after = app
        .store
        .transact(|txn| async move { in_txn(&*txn, id, events, policy).await })
        .await
        .map_err(ApiProblem::from)?;
    app.hint(id, &after);
    show::view(&app, id).await.map(Json)
}

fn events(patch: PatchJob) -> Result<Vec<JobEvent>, ApiProblem> {
    let priority = patch.priority.map(wish::priority).transpose()?;
    let name = match patch.name.as_deref().map(wish::name).transpose()? {
        Some(None) => return Err(wish::invalid("name", "it must not be empty")),
        other => other.flatten(),
    };
    Ok([
        priority.map(JobEvent::SetPriority),
        patch.paused.map(JobEvent::SetPaused),
        name.map(JobEvent::Rename),
    ]
    .into_iter()
    .flatten()
    .collect())
}

async fn in_txn<C: ConnectionTrait>(
    txn: &C,
    id: JobId,
    events: &[JobEvent],
    policy: &Policy,
) -> Result<Vec<AfterCommit>, Refusal> {
    let record = read::job(txn, OWNER, id).await?;
    let record = record.ok_or_else(|| show::unknown(id))?;
    if record.job.state.is_terminal() {
        let words = "the job has ended; nothing of it can be changed any more";
        return Err(ApiProblem::conflict("job_ended", words).into());
    }
    let mut after = Vec::new();
    for event in events {
        after.extend(apply_in(txn, id, Change::Job(event.clone()), policy).await?);
    }
    Ok(after)
}
