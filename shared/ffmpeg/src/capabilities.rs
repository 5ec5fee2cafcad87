//! What an ffmpeg can do, asked once at a worker's start.
use crate::{ToolError, Tools};
use reelmill_domain::worker::Abilities;

/// Asks ffmpeg for its version, encoders and filters.
///
/// # Errors
/// A tool does not run, or does not answer as FFmpeg 5.1 or newer does.
pub async fn abilities(_tools: &Tools, _cores: u16) -> Result<Abilities, ToolError> {
    todo!()
}
