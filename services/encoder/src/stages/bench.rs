//! Tasks of measurements: they hold their slot for a while, and make nothing. Built with the feature `bench` alone.

use super::Run;
use crate::failure::Fault;
use reelmill_domain::event::{Part, TaskResult};
use std::time::Duration;

/// Sleeps for so many milliseconds.
pub async fn sleep(run: &Run<'_>, ms: u64) -> Result<TaskResult, Fault> {
    if ms > 0 {
        tokio::select! {
            () = run.token.cancelled() => return Err(Fault::Ended),
            () = tokio::time::sleep(Duration::from_millis(ms)) => {}
        }
    }
    Ok(TaskResult::Encoded {
        part: Part {
            key: String::new(),
            bytes: 0,
            sha256: String::new(),
            frames: 0,
            cpu_s: 0.0,
            warnings: Vec::new(),
            sound_made_anew: false,
        },
    })
}
