//! `GET /api/v1/presets`: what can be made, and what can't right now.

use super::Shared;
use crate::problems::of_store;
use axum::extract::State;
use reelmill_domain::{
    api::{Page, PresetView},
    preset::{Preset, presets, unavailable_reason},
    worker::Abilities,
};
use reelmill_runtime::http::{ApiProblem, Json, Problems};
use reelmill_store::workers;

/// Presets
///
/// All of them, on one page. One that no live worker's ffmpeg can make is unavailable, with its reason.
#[utoipa::path(
    get, path = "/api/v1/presets", tag = "presets", operation_id = "list_presets",
    responses((status = 200, description = "The presets", body = Page<PresetView>), Problems)
)]
pub async fn list(State(core): State<Shared>) -> Result<Json<Page<PresetView>>, ApiProblem> {
    let abilities = workers::abilities(core.store.db(), core.config.lease_ms())
        .await
        .map_err(|e| of_store(&e))?;
    let items = presets()
        .iter()
        .map(|preset| shown(preset, &abilities))
        .collect();
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
}

fn shown(preset: &Preset, workers: &[Abilities]) -> PresetView {
    let unavailable_reason = unavailable_reason(preset, workers);
    PresetView {
        name: preset.name.clone(),
        label: preset.label.clone(),
        description: preset.description.clone(),
        container: preset.container,
        kind: preset.kind(),
        extension: preset.container.extension().to_owned(),
        available: unavailable_reason.is_none(),
        unavailable_reason,
        video: preset.video.clone(),
        audio: preset.audio.clone(),
        images: preset.images.clone(),
    }
}
