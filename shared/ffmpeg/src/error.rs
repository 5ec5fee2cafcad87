//! What can go wrong with ffmpeg itself. Each error has a stable code, plain words, and says whether trying again can help.

use std::{io, path::PathBuf, time::Duration};
use thiserror::Error;

/// The tools are not fit for use. One line each, which says what to do.
#[derive(Debug, Error)]
pub enum ToolError {
    /// Not in PATH, or no such file.
    #[error(
        "{program} was not found: install FFmpeg 5.1 or newer (Debian: apt install ffmpeg), or set {setting} to its path"
    )]
    NotFound {
        /// The name or path looked for.
        program: String,
        /// The configuration key that names it.
        setting: &'static str,
    },
    /// It is there but does not answer as FFmpeg does.
    #[error("{} could not be used: {reason}; install FFmpeg 5.1 or newer", program.display())]
    Unusable {
        /// The program.
        program: PathBuf,
        /// What happened.
        reason: String,
    },
}

/// Why a run of ffmpeg or ffprobe gave nothing.
#[derive(Debug, Error)]
#[error("{cause}")]
pub struct RunError {
    /// What happened.
    pub cause: Cause,
    /// The end of its log: at most 8 KiB, valid UTF-8, without our paths.
    pub log_tail: String,
}

/// What ended a run.
#[derive(Debug, Error)]
pub enum Cause {
    /// The program could not be started.
    #[error("{program} could not be started: {source}")]
    Spawn {
        /// Its file name.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// Talking to the running program failed.
    #[error("the output of {program} could not be read: {source}")]
    Pipe {
        /// Its file name.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// It gave up by itself.
    #[error("ffmpeg ended with status {status}")]
    Exited {
        /// Its exit status.
        status: i32,
    },
    /// Its muxer refused a packet as malformed.
    #[error(
        "ffmpeg ended with status {status}: the file's format refused a piece of picture or sound"
    )]
    PacketRefused {
        /// Its exit status.
        status: i32,
    },
    /// It could not make sense of the source.
    #[error("the source can't be read as media")]
    SourceUnreadable,
    /// Something killed it (out of memory, an operator, a crash of its own).
    #[error("ffmpeg was ended by signal {signal}")]
    Killed {
        /// The signal's number.
        signal: i32,
    },
    /// Nothing moved.
    #[error("ffmpeg made no progress for {} s and was ended", after.as_secs())]
    Stalled {
        /// The watchdog's patience.
        after: Duration,
    },
    /// It took longer than any honest run.
    #[error("ffmpeg was ended after {} s, the longest time allowed", after.as_secs())]
    OverTime {
        /// The cap.
        after: Duration,
    },
    /// The scratch disk is full.
    #[error("there is no space left on the worker's disk")]
    DiskFull,
    /// It wrote more than its cap.
    #[error("the output grew past the size allowed")]
    OutputTooBig,
    /// This ffmpeg lacks an encoder or a filter.
    #[error("this worker's ffmpeg lacks what the output needs: {what}")]
    Lacking {
        /// What ffmpeg said.
        what: String,
    },
    /// The result is not there, or is not what was asked for.
    #[error("ffmpeg ended well, but {what}")]
    NoResult {
        /// What is wrong.
        what: String,
    },
    /// By the caller's wish.
    #[error("the run was stopped")]
    Cancelled,
}

impl RunError {
    /// Without a log.
    pub(crate) fn bare(cause: Cause) -> Self {
        Self {
            cause,
            log_tail: String::new(),
        }
    }

    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self.cause {
            Cause::Spawn { .. } => "ffmpeg_not_started",
            Cause::Pipe { .. } => "ffmpeg_unreadable",
            Cause::Exited { .. } | Cause::PacketRefused { .. } => "ffmpeg_failed",
            Cause::SourceUnreadable => "source_unreadable",
            Cause::Killed { .. } => "ffmpeg_killed",
            Cause::Stalled { .. } => "ffmpeg_stalled",
            Cause::OverTime { .. } => "ffmpeg_over_time",
            Cause::DiskFull => "disk_full",
            Cause::OutputTooBig => "output_too_big",
            Cause::Lacking { .. } => "encoder_missing",
            Cause::NoResult { .. } => "no_result",
            Cause::Cancelled => "cancelled",
        }
    }

    /// Trying again can't help, on any worker.
    pub fn is_permanent(&self) -> bool {
        matches!(self.cause, Cause::SourceUnreadable | Cause::OutputTooBig)
    }

    /// This worker had no room or no ability; another one may.
    pub fn avoid_worker(&self) -> bool {
        matches!(self.cause, Cause::DiskFull | Cause::Lacking { .. })
    }

    /// Whether the caller asked for this end.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.cause, Cause::Cancelled)
    }

    /// Whether a muxer refused a packet as malformed.
    pub(crate) fn is_packet_refused(&self) -> bool {
        matches!(self.cause, Cause::PacketRefused { .. })
    }

    /// The end of ffmpeg's log, if it said anything.
    pub fn log_tail(&self) -> Option<&str> {
        (!self.log_tail.is_empty()).then_some(self.log_tail.as_str())
    }
}
