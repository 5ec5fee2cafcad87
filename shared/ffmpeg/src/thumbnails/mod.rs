//! A poster and a sprite sheet with its WebVTT.
use crate::{FfmpegProgress, RunError, RunLimits, Tools};
use reelmill_domain::spec::ThumbnailsSpec;
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// The files made, by name within the output folder.
pub const FILES: [&str; 3] = ["poster.jpg", "sprite.jpg", "sprite.vtt"];

/// What was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Pictures {
    /// Tiles on the sheet that show the film.
    pub tiles: u32,
    /// Processor time of ffmpeg, in seconds.
    pub cpu_s: f64,
}

/// Makes [`FILES`] in `folder`, which exists, and decodes the pictures to see that they are what was asked for.
///
/// # Errors
/// See [`RunError`].
pub async fn thumbnails(
    _tools: &Tools,
    _spec: &ThumbnailsSpec,
    _input: &Path,
    _folder: &Path,
    _limits: &RunLimits,
    _on_progress: impl FnMut(FfmpegProgress) + Send,
    _cancel: &CancellationToken,
) -> Result<Pictures, RunError> {
    todo!()
}
