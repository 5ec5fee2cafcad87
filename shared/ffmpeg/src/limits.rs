//! What one run of ffmpeg may use. Caps against faults and hostile files, far above what honest work needs.

use std::time::Duration;

/// Bounds of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunLimits {
    /// Ended when nothing moves (no frame, no film time, no bytes) for so long.
    pub stall: Duration,
    /// Ended after so long, whatever it does.
    pub wall: Duration,
    /// Processor seconds, all threads together.
    pub cpu_s: u64,
    /// The largest file it may write, in bytes.
    pub file_bytes: u64,
    /// Private memory that it may ask for, in bytes.
    pub memory_bytes: u64,
}

impl Default for RunLimits {
    /// A minute without movement, two days in all, 1 TiB, and all of the machine's memory (at least 4 GiB).
    fn default() -> Self {
        let system = rustix::system::sysinfo();
        let memory = u64::from(system.mem_unit).saturating_mul(system.totalram);
        Self {
            stall: Duration::from_secs(60),
            wall: Duration::from_secs(48 * 3600),
            cpu_s: 48 * 3600 * 64,
            file_bytes: 1 << 40,
            memory_bytes: memory.max(4 << 30),
        }
    }
}
