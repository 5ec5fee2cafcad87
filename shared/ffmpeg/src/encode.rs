//! One encode: a spec, an input, an output file.
use crate::{FfmpegProgress, RunError, RunLimits, Tools};
use reelmill_domain::spec::EncodeSpec;
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// What an encode used and said.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// Frames that ffmpeg says it wrote; 0 without a picture. Proves nothing: see [`crate::verify`].
    pub frames: u64,
    /// Processor time of ffmpeg, user and system, in seconds.
    pub cpu_s: f64,
    /// The end of its log.
    pub log_tail: String,
}

/// Encodes `input` as `spec` says into `output`, which is replaced. The run's current folder is that of `output`.
///
/// # Errors
/// See [`RunError`]. What lies at `output` is then not to be used.
pub async fn encode(
    _tools: &Tools,
    _spec: &EncodeSpec,
    _input: &Path,
    _output: &Path,
    _limits: &RunLimits,
    _on_progress: impl FnMut(FfmpegProgress) + Send,
    _cancel: &CancellationToken,
) -> Result<Encoded, RunError> {
    todo!()
}
