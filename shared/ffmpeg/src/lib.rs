//! FFmpeg and ffprobe as typed, bounded, hostile tools.
//!
//! Everything that starts one of the two programs lives here, so that the rules of the house hold for each start:
//! argument arrays and never a shell, an empty environment, our own file names, protocol and format whitelists,
//! caps, a watchdog, and no way to leave an orphan behind. Nothing here knows of jobs, queues or stores.

pub mod argv;
pub mod capabilities;
pub mod encode;
mod error;
mod limits;
pub mod probe;
mod process;
pub mod progress;
mod rows;
pub mod sha256;
mod streams;
pub mod thumbnails;
mod tools;
pub mod verify;

pub use error::{Cause, RunError, ToolError};
pub use limits::RunLimits;
pub use progress::FfmpegProgress;
pub use tools::Tools;
