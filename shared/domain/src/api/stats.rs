//! Figures of the whole service.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Figures of the whole service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stats {
    /// Jobs by state.
    pub jobs: BTreeMap<String, u64>,
    /// Tasks by state, of jobs that have not ended.
    pub tasks: BTreeMap<String, u64>,
    /// Queues.
    pub lanes: Vec<LaneStats>,
    /// Workers heard within the lease.
    pub workers: u64,
}

/// Figures of a queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LaneStats {
    /// Its name.
    pub lane: String,
    /// Tasks to be released.
    pub ready: u64,
    /// Released or running.
    pub busy: u64,
    /// Slots of live workers.
    pub slots: u64,
}
