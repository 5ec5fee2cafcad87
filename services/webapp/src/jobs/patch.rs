//! `PATCH /api/v1/jobs/{id}`: its place in the queue, a pause, its name (an empty one: its source's). All of it, or nothing.

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
    let asked = asked(patch)?;
    let (asked, policy) = (&asked, &app.config.policy);
    let after = app
        .store
        .transact(|txn| async move { in_txn(&*txn, id, asked, policy).await })
        .await
        .map_err(ApiProblem::from)?;
    app.hint(id, &after, None);
    show::view(&app, id).await.map(Json)
}

/// A change asked for, within its bounds.
enum Asked {
    Priority(u8),
    Paused(bool),
    /// No name: the source's.
    Name(Option<String>),
}

fn asked(patch: PatchJob) -> Result<Vec<Asked>, ApiProblem> {
    let priority = patch.priority.map(wish::priority).transpose()?;
    let name = patch.name.as_deref().map(wish::name).transpose()?;
    Ok([
        priority.map(Asked::Priority),
        patch.paused.map(Asked::Paused),
        name.map(Asked::Name),
    ]
    .into_iter()
    .flatten()
    .collect())
}

async fn in_txn<C: ConnectionTrait>(
    txn: &C,
    id: JobId,
    asked: &[Asked],
    policy: &Policy,
) -> Result<Vec<AfterCommit>, Refusal> {
    let record = read::job(txn, OWNER, id).await?;
    let record = record.ok_or_else(|| show::unknown(id))?;
    if record.job.state.is_terminal() {
        let words = "the job has ended; nothing of it can be changed any more";
        return Err(ApiProblem::conflict("job_ended", words).into());
    }
    let mut after = Vec::new();
    for one in asked {
        let event = match one {
            Asked::Priority(priority) => JobEvent::SetPriority(*priority),
            Asked::Paused(paused) => JobEvent::SetPaused(*paused),
            Asked::Name(name) => {
                JobEvent::Rename(name.as_ref().unwrap_or(&record.source_name).clone())
            }
        };
        after.extend(apply_in(txn, id, Change::Job(event), policy).await?);
    }
    Ok(after)
}
