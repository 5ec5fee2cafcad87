//! `GET /api/v1/stats`: figures of the whole service.

use super::Shared;
use crate::{core::Core, problems::of_store};
use axum::extract::State;
use reelmill_domain::{
    api::{LaneStats, Stats},
    lane::Lane,
};
use reelmill_runtime::http::{ApiProblem, Json, Problems};
use reelmill_store::{StoreError, read, workers};
use std::collections::BTreeMap;

/// Figures
#[utoipa::path(
    get, path = "/api/v1/stats", tag = "stats", operation_id = "get_stats",
    responses((status = 200, description = "The figures", body = Stats), Problems)
)]
pub async fn get(State(core): State<Shared>) -> Result<Json<Stats>, ApiProblem> {
    figures(&core).await.map(Json).map_err(|e| of_store(&e))
}

/// The figures.
pub async fn figures(core: &Core) -> Result<Stats, StoreError> {
    let db = core.store.db();
    let live = workers::live(db, core.config.lease_ms()).await?;
    let counts = read::lanes(db).await?;
    let mut slots: BTreeMap<Lane, u64> = counts.keys().map(|lane| (lane.clone(), 0)).collect();
    for lane in live.iter().flat_map(|w| &w.info.lanes) {
        *slots.entry(lane.lane.clone()).or_default() += u64::from(lane.slots);
    }
    let lane = |(lane, slots): (Lane, u64)| {
        let count = counts.get(&lane).copied().unwrap_or_default();
        LaneStats {
            lane: lane.0,
            ready: count.ready,
            busy: count.busy,
            slots,
        }
    };
    Ok(Stats {
        jobs: read::jobs_by_state(db).await?,
        tasks: read::tasks_by_state(db).await?,
        lanes: slots.into_iter().map(lane).collect(),
        workers: live.len() as u64,
    })
}
