//! Why a source can't be used, in words that its owner understands.

use crate::RunError;
use thiserror::Error;

/// Why a source can't be used.
#[derive(Debug, Error)]
pub enum ProbeError {
    /// Nothing in it.
    #[error("the file is empty")]
    EmptyFile,
    /// Not a film and not a sound recording.
    #[error("this is not a video or sound file: {what}")]
    NotMedia {
        /// What it looks like instead.
        what: String,
    },
    /// Its index is missing, so nothing of it can be read.
    #[error("the file is incomplete: {what}")]
    Incomplete {
        /// What is missing.
        what: String,
    },
    /// It only points at other files.
    #[error("this is {what}, which points at other files; send the film itself")]
    FormatRefused {
        /// What it is.
        what: &'static str,
    },
    /// Neither picture nor sound.
    #[error("the file has no picture and no sound")]
    NoStreams,
    /// Only a cover picture.
    #[error("the file holds only a cover picture, no film and no sound")]
    OnlyCoverArt,
    /// Streams, but nothing in them that can be read.
    #[error("the file has no readable picture or sound: {what}")]
    Unreadable {
        /// What is wrong.
        what: String,
    },
    /// Longer than allowed.
    #[error("the film is longer than the {limit_s} s allowed here")]
    TooLong {
        /// The limit, in seconds.
        limit_s: u64,
    },
    /// Larger pictures than allowed.
    #[error("the picture is larger than the {limit} pixels allowed here")]
    TooManyPixels {
        /// The limit, width × height.
        limit: u64,
    },
    /// More streams than allowed.
    #[error("the file has more than the {limit} streams allowed here")]
    TooManyStreams {
        /// The limit.
        limit: u32,
    },
    /// ffprobe itself failed.
    #[error("the file could not be examined: {0}")]
    Run(#[from] RunError),
}

impl ProbeError {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmptyFile => "empty_file",
            Self::NotMedia { .. } => "not_media",
            Self::Incomplete { .. } => "incomplete_file",
            Self::FormatRefused { .. } => "format_refused",
            Self::NoStreams => "no_streams",
            Self::OnlyCoverArt => "only_cover_art",
            Self::Unreadable { .. } => "unreadable_media",
            Self::TooLong { .. } => "too_long",
            Self::TooManyPixels { .. } => "too_many_pixels",
            Self::TooManyStreams { .. } => "too_many_streams",
            Self::Run(run) if run.code() == "ffmpeg_stalled" => "probe_stalled",
            Self::Run(run) => run.code(),
        }
    }

    /// The source is at fault, so that trying again can't help.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Run(run) => run.is_permanent(),
            _ => true,
        }
    }

    /// Whether the caller asked for this end.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Run(run) if run.is_cancelled())
    }

    /// The end of ffprobe's log, if it said anything.
    pub fn log_tail(&self) -> Option<&str> {
        match self {
            Self::Run(run) => run.log_tail(),
            _ => None,
        }
    }
}
