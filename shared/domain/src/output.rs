//! An output: one rendition that a job makes, with the states it goes through.

use crate::id::OutputId;
use crate::preset::Preset;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One rendition of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// Its id.
    pub id: OutputId,
    /// The recipe, as it was when the job was accepted.
    pub preset: Preset,
    /// The file's name in `--out` folders and `/media` URLs, fixed at submission.
    pub file_name: String,
    /// Where it stands.
    pub state: OutputState,
    /// What the plan foresees; absent until the source is known, and when the output is skipped.
    #[serde(default)]
    pub planned: Option<Parts>,
    /// Attempts of its tasks that ended in an error.
    pub failures: u32,
}

impl Output {
    /// An output that nothing has been done for yet. The file name comes from [`crate::preset::file_names`].
    pub fn new(id: OutputId, preset: Preset, file_name: String) -> Self {
        Self {
            id,
            preset,
            file_name,
            state: OutputState::Waiting,
            planned: None,
            failures: 0,
        }
    }
}

/// Where an output stands. Terminal: published, failed, cancelled, skipped, expired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum OutputState {
    /// For the probe, the plan, or a free worker.
    Waiting,
    /// Some of its encode tasks have begun.
    Encoding(Parts),
    /// All parts are there; being joined and verified.
    Assembling(Parts),
    /// Verified, at its URL.
    Published(Published),
    /// No more attempts.
    Failed(OutputError),
    /// By its owner's wish.
    Cancelled,
    /// Not made, for a reason that lies in source and preset.
    Skipped {
        /// The reason, for its owner.
        reason: String,
    },
    /// Was published; its files are gone.
    Expired {
        /// When.
        at: Timestamp,
    },
}

impl OutputState {
    /// Whether nothing but expiry can change it any more.
    pub fn is_terminal(&self) -> bool {
        !matches!(
            self,
            Self::Waiting | Self::Encoding(_) | Self::Assembling(_)
        )
    }

    /// The state's name in the API.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Encoding(_) => "encoding",
            Self::Assembling(_) => "assembling",
            Self::Published(_) => "published",
            Self::Failed(_) => "failed",
            Self::Cancelled => "cancelled",
            Self::Skipped { .. } => "skipped",
            Self::Expired { .. } => "expired",
        }
    }
}

/// How many of an output's encode tasks are done; never the list of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// Succeeded.
    pub done: u32,
    /// In all.
    pub total: u32,
    /// Frames of the whole output; 0 without a picture.
    pub frames: u64,
}

/// A published output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Published {
    /// Its files, the entry file first.
    pub files: Vec<OutputFile>,
    /// What verification measured.
    pub media: OutputMedia,
    /// When it was accepted.
    pub at: Timestamp,
    /// When its files go.
    pub expires_at: Option<Timestamp>,
}

/// A file that an output offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputFile {
    /// The name in its URL.
    pub name: String,
    /// Object key.
    pub key: String,
    /// Size.
    pub bytes: u64,
    /// SHA-256, hex.
    pub sha256: String,
    /// MIME type.
    pub content_type: String,
}

/// What verification measured on the decoded output.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OutputMedia {
    /// Length in seconds.
    pub duration_s: f64,
    /// Width, when there is a picture.
    pub width: Option<u32>,
    /// Height, when there is a picture.
    pub height: Option<u32>,
    /// Frames per second on average.
    pub fps: Option<f64>,
    /// Decoded frames.
    pub frames: Option<u64>,
    /// Codec of the picture.
    pub video_codec: Option<String>,
    /// Codec of the sound.
    pub audio_codec: Option<String>,
    /// Channels of the sound.
    pub audio_channels: Option<u16>,
}

/// Why an output failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutputError {
    /// Stable, for programs.
    pub code: String,
    /// In words that its owner understands.
    pub message: String,
    /// The end of ffmpeg's log, bounded.
    pub log_tail: Option<String>,
}
