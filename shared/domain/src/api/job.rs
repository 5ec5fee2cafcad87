//! A job, as the API shows it.

use crate::event::Warning;
use crate::id::{JobId, OutputId, SourceId};
use crate::output::{OutputError, OutputMedia};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// What people call it.
    pub name: String,
    /// `queued probing encoding finishing completed partially_completed failed cancelled`.
    pub state: String,
    /// 0 to 1 over all outputs; 1 when it has ended.
    pub progress: f64,
    /// Seconds to its end, if it can be told.
    pub eta_s: Option<f64>,
    /// Its place in the queue, from 1; null once a task of it has started.
    pub position: Option<u64>,
    /// Why nothing happens, if nothing can (`no live worker takes lane encode`).
    pub waiting_for: Option<String>,
    /// 0 to 9; 9 goes first.
    pub priority: u8,
    /// Held back.
    pub paused: bool,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When its first task started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When the first of its published outputs goes.
    pub expires_at: Option<Timestamp>,
    /// Not available yet: null.
    pub not_before: Option<Timestamp>,
    /// Not available yet: null.
    pub deadline: Option<Timestamp>,
    /// A damaged source fails instead of warning.
    pub strict: bool,
    /// The job that this one tries again.
    pub retry_of: Option<JobId>,
    /// Its source.
    pub source: SourceView,
    /// What is made of it, in the order asked.
    pub outputs: Vec<OutputView>,
    /// What its owner should know.
    pub warnings: Vec<Warning>,
    /// Why it failed.
    pub error: Option<OutputError>,
    /// The owner's own.
    #[schema(value_type = Object)]
    pub metadata: BTreeMap<String, serde_json::Value>,
}

/// A source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SourceView {
    /// Its id.
    pub id: SourceId,
    /// The name it came with.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256, hex; null until its probe has read it.
    pub sha256: Option<String>,
    /// Where it came from, if it was a URL.
    pub url: Option<String>,
    /// What it is; null until it is probed.
    pub media: Option<MediaView>,
}

/// What a source is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MediaView {
    /// The demuxer's name.
    pub container: String,
    /// Length in seconds.
    pub duration_s: f64,
    /// Width as shown.
    pub width: Option<u32>,
    /// Height as shown.
    pub height: Option<u32>,
    /// Frames per second on average.
    pub fps: Option<f64>,
    /// Frames by the packet list.
    pub frames: Option<u64>,
    /// Frame gaps differ.
    pub variable_rate: Option<bool>,
    /// Clockwise degrees.
    pub rotation: Option<u16>,
    /// PQ or HLG.
    pub hdr: Option<bool>,
    /// Codec of the picture.
    pub video_codec: Option<String>,
    /// Codec of the chosen sound.
    pub audio_codec: Option<String>,
    /// Channels of the chosen sound.
    pub audio_channels: Option<u16>,
}

/// An output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OutputView {
    /// Its id.
    pub id: OutputId,
    /// Its preset's name; `custom` for an inline one without a name.
    pub preset: String,
    /// `waiting encoding assembling published failed cancelled skipped expired`.
    pub state: String,
    /// Why it was skipped.
    pub reason: Option<String>,
    /// 0 to 1.
    pub progress: f64,
    /// Frames encoded.
    pub frames_done: u64,
    /// Frames in all; 0 until planned or without a picture.
    pub frames_total: u64,
    /// Film seconds per second.
    pub speed: Option<f64>,
    /// Seconds to its end, if it can be told.
    pub eta_s: Option<f64>,
    /// Where its entry file is, once published.
    pub url: Option<String>,
    /// Size of all its files.
    pub bytes: Option<u64>,
    /// SHA-256 of its entry file, hex.
    pub sha256: Option<String>,
    /// Its files, the entry file first.
    pub files: Vec<FileView>,
    /// What verification measured.
    pub media: Option<OutputMedia>,
    /// Attempts that ended in an error.
    pub failures: u32,
    /// When it goes.
    pub expires_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<OutputError>,
}

/// A file of an output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileView {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256, hex.
    pub sha256: String,
    /// MIME type.
    pub content_type: String,
}
