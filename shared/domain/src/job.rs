//! A job and its one transition: `(job, event) → (job, effects)`. Counts per output, never the task list.

use crate::event::Warning;
use crate::id::{JobId, SourceId, TaskId};
use crate::media::Media;
use crate::output::{Output, OutputError};
use crate::spec::{Input, SourceLimits};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

mod ending;
mod retry;
mod story;
mod task_event;
mod transition;
mod wish;

pub use retry::retry_outputs;
pub use transition::transition;

/// One source and the outputs asked of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Whose it is; empty while nobody signs in.
    pub owner: String,
    /// What people call it.
    pub name: String,
    /// Its source.
    pub source: SourceId,
    /// Where the source lies.
    pub input: Input,
    /// What the source is, once probed.
    pub media: Option<Media>,
    /// What is to be made of it, in the order asked.
    pub outputs: Vec<Output>,
    /// 0 to 9; 9 goes first.
    pub priority: u8,
    /// Held back: nothing of it is released.
    pub paused: bool,
    /// A damaged source fails instead of warning.
    pub strict: bool,
    /// How long published outputs stay, in seconds; absent: for ever.
    pub expire_after_s: Option<u64>,
    /// Where it stands.
    pub state: JobState,
    /// What its owner should know.
    pub warnings: Vec<Warning>,
}

/// Where a job stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum JobState {
    /// Accepted; no task has started.
    Queued,
    /// Its source is being looked at.
    Probing {
        /// When its first task started.
        started_at: Timestamp,
    },
    /// Outputs are being made.
    Encoding {
        /// When its first task started.
        started_at: Timestamp,
    },
    /// Everything is encoded; the last outputs are joined and verified.
    Finishing {
        /// When its first task started.
        started_at: Timestamp,
    },
    /// Terminal.
    Ended {
        /// When its first task started, if one did.
        started_at: Option<Timestamp>,
        /// When.
        finished_at: Timestamp,
        /// How.
        ending: JobEnding,
    },
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ending", rename_all = "snake_case")]
pub enum JobEnding {
    /// Every output is published or skipped.
    Completed,
    /// Some are published, some failed.
    PartiallyCompleted,
    /// None is published, at least one failed; or the source can't be used.
    Failed {
        /// Why, for its owner.
        error: OutputError,
    },
    /// By its owner's wish.
    Cancelled,
}

impl JobState {
    /// The state's name in the API.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Probing { .. } => "probing",
            Self::Encoding { .. } => "encoding",
            Self::Finishing { .. } => "finishing",
            Self::Ended { ending, .. } => match ending {
                JobEnding::Completed => "completed",
                JobEnding::PartiallyCompleted => "partially_completed",
                JobEnding::Failed { .. } => "failed",
                JobEnding::Cancelled => "cancelled",
            },
        }
    }

    /// When its first task started, if one did.
    pub fn started_at(&self) -> Option<Timestamp> {
        match self {
            Self::Queued => None,
            Self::Probing { started_at }
            | Self::Encoding { started_at }
            | Self::Finishing { started_at } => Some(*started_at),
            Self::Ended { started_at, .. } => *started_at,
        }
    }

    /// Whether nothing but expiry of outputs changes it any more.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Ended { .. })
    }
}

/// What a transition may lean on beside job and event: time, chance and policy, all passed in.
pub struct Context<'a> {
    /// The database's clock.
    pub now: Timestamp,
    /// Mints ids for planned tasks.
    pub new_task: &'a mut dyn FnMut() -> TaskId,
    /// Attempts of a task that may end in an error of their own, at least 1.
    pub max_attempts: u32,
    /// What sources may be at most.
    pub limits: SourceLimits,
    /// Processors that an encode may use: fixes thread counts. At least 1.
    pub cores: u16,
}
