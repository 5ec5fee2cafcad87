//! The read API: one file per handler. GET and HEAD only; every write is webapp's.

mod events;
mod job;
mod jobs;
mod presets;
mod stats;
mod workers;

pub use stats::figures;

use crate::{core::Core, media};
use reelmill_domain::api::{Problem, ProgressView, StreamDeleted, StreamJob, StreamOutput};
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

/// What handlers share.
pub type Shared = Arc<Core>;

/// Schemas that no handler names by itself.
#[derive(OpenApi)]
#[openapi(components(schemas(Problem, StreamJob, StreamOutput, StreamDeleted, ProgressView)))]
struct Schemas;

/// The routes.
pub fn router(core: Shared) -> OpenApiRouter {
    OpenApiRouter::with_openapi(Schemas::openapi())
        .routes(routes!(jobs::list))
        .routes(routes!(job::get))
        .routes(routes!(events::of_job))
        .routes(routes!(events::of_all))
        .routes(routes!(presets::list))
        .routes(routes!(workers::list))
        .routes(routes!(stats::get))
        .routes(routes!(media::get))
        .with_state(core)
}
