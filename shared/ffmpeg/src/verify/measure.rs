//! Decodes a file and counts what comes out.
use crate::{FfmpegProgress, RunError, RunLimits, Tools};
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// What a decoded file turned out to be.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// The demuxer's names, comma-separated.
    pub container: String,
    /// The length that the container declares, in seconds; 0 when it declares none.
    pub declared_duration_s: f64,
    /// Its picture.
    pub video: Option<MeasuredVideo>,
    /// Its sound.
    pub audio: Option<MeasuredAudio>,
    /// Streams beyond one picture and one sound.
    pub extra_streams: u32,
    /// What the decoders complained about: the first 8 lines.
    pub errors: Vec<String>,
    /// How many lines they complained in.
    pub error_count: u64,
}

/// A decoded picture stream.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MeasuredVideo {
    /// Codec name as ffprobe calls it.
    pub codec: String,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
    /// Pixel format.
    pub pixel_format: String,
    /// Frames decoded.
    pub frames: u64,
    /// When the first frame shows, in seconds.
    pub start_s: f64,
    /// When the last frame ends, in seconds.
    pub end_s: f64,
    /// Frames whose time did not move on from the frame before.
    pub unordered: u64,
}

/// A decoded sound stream.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MeasuredAudio {
    /// Codec name as ffprobe calls it.
    pub codec: String,
    /// Channels.
    pub channels: u16,
    /// Samples per second.
    pub sample_rate: u32,
    /// Samples decoded, per channel.
    pub samples: u64,
    /// When the first sample sounds, in seconds.
    pub start_s: f64,
    /// When the last sample ends, in seconds.
    pub end_s: f64,
}

/// Decodes all of `file`. `on_progress` gets frames and film time as they come out.
///
/// # Errors
/// ffprobe could not run to its end. A file that decodes badly is not an error: see [`Measured::errors`].
pub async fn measure(
    _tools: &Tools,
    _file: &Path,
    _limits: &RunLimits,
    _on_progress: impl FnMut(FfmpegProgress) + Send,
    _cancel: &CancellationToken,
) -> Result<Measured, RunError> {
    todo!()
}
