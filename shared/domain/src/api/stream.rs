//! The data of server-sent events. `event:` is `job`, `output`, `progress` or `deleted`.

use crate::id::{JobId, OutputId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `job`: the job changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StreamJob {
    /// Which.
    pub job: JobId,
    /// Its place in the job's story, from 1, without gaps.
    pub seq: u64,
    /// Its state.
    pub state: String,
}

/// `output`: an output changed state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StreamOutput {
    /// Of which job.
    pub job: JobId,
    /// Its place in the job's story.
    pub seq: u64,
    /// Which.
    pub output: OutputId,
    /// Its state.
    pub state: String,
}

/// `deleted`: the job is gone, with its files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StreamDeleted {
    /// Which.
    pub job: JobId,
    /// Its place in the job's story: the last.
    pub seq: u64,
}

/// `progress`: how far a job is; has no id, latest value only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProgressView {
    /// Which.
    pub job: JobId,
    /// 0 to 1 over all outputs.
    pub progress: f64,
    /// Seconds to its end, if it can be told.
    pub eta_s: Option<f64>,
    /// By output.
    pub outputs: Vec<OutputProgress>,
}

/// How far an output is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OutputProgress {
    /// Which.
    pub id: OutputId,
    /// 0 to 1.
    pub progress: f64,
    /// Frames encoded.
    pub frames_done: u64,
    /// Frames in all; 0 without a picture.
    pub frames_total: u64,
    /// Film seconds per second; null while it can't be told.
    pub speed: Option<f64>,
    /// Seconds to its end, if it can be told.
    pub eta_s: Option<f64>,
}
