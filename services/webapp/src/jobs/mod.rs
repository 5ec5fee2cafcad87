//! Wishes in: every write of the jobs API. Each is one transaction; the broker gets a hint afterwards, and the first
//! task of a job for which there is room.

mod cancel;
mod create;
mod delete;
mod hint;
mod idempotency;
mod outputs;
mod patch;
mod release;
mod retry;
mod show;
mod submit;
mod wish;

use crate::app::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes below `/api/v1/jobs` that write.
pub fn router(app: App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(create::create))
        .routes(routes!(patch::patch, delete::delete))
        .routes(routes!(cancel::cancel))
        .routes(routes!(retry::retry))
        .with_state(app)
}
