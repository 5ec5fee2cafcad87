//! What a source is: one ffprobe run, folded as it streams.
mod error;

use crate::{RunLimits, Tools};
pub use error::ProbeError;
use reelmill_domain::media::Media;
use reelmill_domain::spec::SourceLimits;
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// Finds out what `input` is. `on_progress` gets the fraction of the file read, 0 to 1.
///
/// # Errors
/// See [`ProbeError`].
pub async fn probe(
    _tools: &Tools,
    _input: &Path,
    _limits: &SourceLimits,
    _run: &RunLimits,
    _on_progress: impl FnMut(f64) + Send,
    _cancel: &CancellationToken,
) -> Result<Media, ProbeError> {
    todo!()
}
