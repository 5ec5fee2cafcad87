//! Reads what `-progress pipe:1` writes: `key=value` lines, a block per report, the last line of which is `progress=`.

/// One report.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FfmpegProgress {
    /// Frames written; 0 without a picture.
    pub frame: u64,
    /// Film time written, in microseconds; 0 while unknown.
    pub out_time_us: u64,
    /// Film seconds per second; 0 while unknown.
    pub speed: f64,
    /// Bytes written; 0 while unknown.
    pub total_size: u64,
    /// The last report of a run.
    pub ended: bool,
}
