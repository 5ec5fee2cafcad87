//! What of a damaged source ffmpeg can decode.
use crate::{FfmpegProgress, RunError, RunLimits, Tools};
use reelmill_domain::media::Media;
use reelmill_domain::spec::SourceLimits;
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// What comes out of a source, on the same way that an encode takes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decodable {
    /// Frames of the chosen picture; 0 without one.
    pub frames: u64,
    /// From the first frame's start to the last frame's end, in seconds; 0 without a picture.
    pub duration_s: f64,
    /// Sound of the chosen stream, from its start to its end, in seconds; 0 without one.
    pub audio_s: f64,
    /// Sound start minus picture start, in seconds; 0 unless both are there.
    pub offset_s: f64,
    /// How many lines the decoders complained in.
    pub error_count: u64,
}

/// Decodes the chosen streams of `source`, as `media` (its probe) names them.
///
/// # Errors
/// ffmpeg could not run to its end.
pub async fn decodable(
    _tools: &Tools,
    _source: &Path,
    _media: &Media,
    _caps: &SourceLimits,
    _limits: &RunLimits,
    _on_progress: impl FnMut(FfmpegProgress) + Send,
    _cancel: &CancellationToken,
) -> Result<Decodable, RunError> {
    todo!()
}
