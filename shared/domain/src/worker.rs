//! Workers as the service knows them: what they can do and how they are.

use crate::id::WorkerId;
use crate::lane::Lane;
use crate::preset::{AudioEncoder, VideoEncoder};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a worker says of itself, at its start and with every renewal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkerInfo {
    /// New at each start of the process.
    pub id: WorkerId,
    /// The host's name, or as configured.
    pub name: String,
    /// This program's version.
    pub version: String,
    /// Lanes it takes tasks from, with the slots of each.
    pub lanes: Vec<LaneSlots>,
    /// What its ffmpeg can do.
    pub abilities: Abilities,
    /// Finishing what it runs, taking nothing new.
    pub draining: bool,
}

impl WorkerInfo {
    /// Tasks it can run at once, of each lane.
    pub fn lane_slots(&self) -> BTreeMap<String, u32> {
        let lanes = self.lanes.iter();
        lanes
            .map(|lane| (lane.lane.0.clone(), u32::from(lane.slots)))
            .collect()
    }

    /// Tasks it can run at once, over all lanes.
    pub fn slots(&self) -> u32 {
        self.lanes.iter().map(|lane| u32::from(lane.slots)).sum()
    }
}

/// Slots that a worker has in one lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneSlots {
    /// The lane.
    pub lane: Lane,
    /// Tasks it runs at once from this lane.
    pub slots: u16,
    /// How many of them are free now.
    pub free: u16,
}

/// What an ffmpeg can do, found once at a worker's start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abilities {
    /// ffmpeg's own version word, e.g. `5.1.9-0+deb12u1`.
    pub ffmpeg_version: String,
    /// Video encoders that both it and we know.
    pub video: BTreeSet<VideoEncoder>,
    /// Audio encoders that both it and we know.
    pub audio: BTreeSet<AudioEncoder>,
    /// `zscale` and `tonemap`, both needed for HDR sources.
    pub tone_mapping: bool,
    /// Processors this worker may use.
    pub cores: u16,
}
