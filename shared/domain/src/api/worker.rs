//! A worker, as the API shows it.

use crate::id::{JobId, OutputId, TaskId, WorkerId};
use crate::lane::Lane;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WorkerView {
    /// New at each start of its process.
    pub id: WorkerId,
    /// Its host's name, or as configured.
    pub name: String,
    /// How it is.
    pub state: WorkerState,
    /// This program's version there.
    pub version: String,
    /// ffmpeg's version there.
    pub ffmpeg_version: String,
    /// Lanes it takes tasks from.
    pub lanes: Vec<Lane>,
    /// Tasks it can run at once, of each lane.
    #[serde(default)]
    pub lane_slots: BTreeMap<String, u32>,
    /// Tasks it can run at once, over all lanes.
    pub slots: u32,
    /// How many it runs.
    pub busy: u32,
    /// What it runs.
    pub tasks: Vec<WorkerTask>,
    /// When it was first heard.
    pub started_at: Timestamp,
    /// When it was last heard.
    pub seen_at: Timestamp,
}

/// How a worker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkerState {
    /// Heard within the lease.
    Live,
    /// Finishes what it runs, takes nothing new.
    Draining,
    /// Gets no tasks until enabled.
    Disabled,
    /// Not heard for longer than the lease.
    Lost,
}

/// A task on a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WorkerTask {
    /// Which.
    pub task: TaskId,
    /// `probe`, `encode`, `assemble`, `thumbnails`.
    pub kind: String,
    /// Of which job.
    pub job: JobId,
    /// Of which output.
    pub output: Option<OutputId>,
    /// 0 to 1.
    pub progress: f64,
}

/// The body of `PATCH /api/v1/workers/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchWorker {
    /// `live` (enable), `draining` or `disabled`.
    #[schema(schema_with = wanted)]
    pub state: WorkerState,
}

/// A worker can't be asked to be lost.
fn wanted() -> utoipa::openapi::schema::Schema {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .enum_values(Some(["live", "draining", "disabled"]))
        .into()
}
