//! Lanes: named queues of tasks for workers of one capability.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A lane's name: `light`, `encode`, later `encode-kvazaar`, `encode-gpu`.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(transparent)]
pub struct Lane(pub String);

impl Lane {
    /// Probes, assembles: short work that must never wait behind an encode.
    pub fn light() -> Self {
        Self("light".into())
    }

    /// Encodes by software encoders.
    pub fn encode() -> Self {
        Self("encode".into())
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
