//! `PATCH /api/v1/workers/{id}`: what the operator wants of a worker. Written down; status tells the worker.

use crate::{app::App, problems::Refusal};
use axum::extract::State;
use reelmill_domain::{
    api::{PatchWorker, WorkerState, WorkerTask, WorkerView},
    id::WorkerId,
};
use reelmill_runtime::http::{ApiProblem, Json, Path, Problems};
use reelmill_store::{now, read, workers};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The route.
pub fn router(app: App) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(patch)).with_state(app)
}

/// Drain, disable or enable a worker
#[utoipa::path(
    patch, path = "/api/v1/workers/{id}", tag = "workers", operation_id = "patch_worker",
    params(("id" = WorkerId, Path, description = "The worker")),
    request_body = PatchWorker,
    responses((status = 200, description = "The worker", body = WorkerView), Problems)
)]
pub async fn patch(
    State(app): State<App>,
    Path(id): Path<WorkerId>,
    Json(PatchWorker { state }): Json<PatchWorker>,
) -> Result<Json<WorkerView>, ApiProblem> {
    if state == WorkerState::Lost {
        let words = "state: it must be live, draining or disabled";
        return Err(ApiProblem::unprocessable("invalid_field", words).field("state"));
    }
    app.store
        .transact(|txn| async move {
            match workers::want(&*txn, id, state).await? {
                true => Ok(()),
                false => Err(Refusal::from(unknown(id))),
            }
        })
        .await
        .map_err(ApiProblem::from)?;
    view(&app, id).await.map(Json)
}

async fn view(app: &App, id: WorkerId) -> Result<WorkerView, ApiProblem> {
    let db = app.store.db();
    let found = workers::find(db, id).await.map_err(Refusal::from)?;
    let worker = found.ok_or_else(|| unknown(id))?;
    let at = now(db).await.map_err(Refusal::from)?;
    let running = read::running(db).await.map_err(Refusal::from)?;
    let tasks: Vec<WorkerTask> = running
        .into_iter()
        .filter(|run| run.worker == id)
        .map(|run| WorkerTask {
            task: run.task,
            kind: run.kind,
            job: run.job,
            output: run.output,
            progress: 0.0,
        })
        .collect();
    Ok(WorkerView {
        id,
        state: worker.state(at, app.config.lease_ms()),
        slots: worker.info.slots(),
        lane_slots: worker.info.lane_slots(),
        busy: u32::try_from(tasks.len()).unwrap_or(u32::MAX),
        tasks,
        lanes: worker.info.lanes.into_iter().map(|l| l.lane).collect(),
        name: worker.info.name,
        version: worker.info.version,
        ffmpeg_version: worker.info.abilities.ffmpeg_version,
        started_at: worker.first_seen,
        seen_at: worker.seen_at,
    })
}

fn unknown(id: WorkerId) -> ApiProblem {
    ApiProblem::not_found(format!("there is no worker {id}"))
}
