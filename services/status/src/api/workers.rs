//! `GET /api/v1/workers`: who is there, and what he runs.

use super::Shared;
use crate::{core::Core, problems::of_store};
use axum::extract::State;
use reelmill_domain::{
    api::{Page, WorkerState, WorkerTask, WorkerView},
    time::Timestamp,
};
use reelmill_runtime::http::{ApiProblem, Json, Problems};
use reelmill_store::{
    now,
    read::{self, Running},
    workers::{self, Worker},
};

/// A worker that said that it ends, or fell silent, is shown for so long, in seconds.
const REMEMBER_S: i64 = 600;

/// Workers
///
/// All of them, on one page, the newest first; those that ended or fell silent for ten minutes longer.
#[utoipa::path(
    get, path = "/api/v1/workers", tag = "workers", operation_id = "list_workers",
    responses((status = 200, description = "The workers", body = Page<WorkerView>), Problems)
)]
pub async fn list(State(core): State<Shared>) -> Result<Json<Page<WorkerView>>, ApiProblem> {
    let db = core.store.db();
    let at = now(db).await.map_err(|e| of_store(&e))?;
    let running = read::running(db).await.map_err(|e| of_store(&e))?;
    let shown = workers::heard_within(db, REMEMBER_S * 1000)
        .await
        .map_err(|e| of_store(&e))?;
    let items = shown
        .into_iter()
        .map(|worker| view(&core, worker, &running, at))
        .collect();
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
}

fn view(core: &Core, worker: Worker, running: &[Running], at: Timestamp) -> WorkerView {
    let state = worker.state(at, core.config.lease_ms());
    let mine = running
        .iter()
        .filter(|r| r.worker == worker.info.id && state != WorkerState::Lost);
    let tasks: Vec<WorkerTask> = mine
        .map(|r| WorkerTask {
            task: r.task,
            kind: r.kind.clone(),
            job: r.job,
            output: r.output,
            progress: core.latest.fraction(r.task, r.run),
        })
        .collect();
    WorkerView {
        id: worker.info.id,
        slots: worker.info.slots(),
        lane_slots: worker.info.lane_slots(),
        name: worker.info.name,
        state,
        version: worker.info.version,
        ffmpeg_version: worker.info.abilities.ffmpeg_version,
        lanes: worker.info.lanes.into_iter().map(|l| l.lane).collect(),
        busy: u32::try_from(tasks.len()).unwrap_or(u32::MAX),
        tasks,
        started_at: worker.first_seen,
        seen_at: worker.seen_at,
    }
}
