//! What an encoder is told at its start, and why it may refuse to start.

use reelmill_domain::{lane::Lane, worker::Abilities};
use reelmill_ffmpeg::Tools;
use std::{io, path::PathBuf, time::Duration};
use thiserror::Error;

/// One worker's settings.
#[derive(Debug, Clone)]
pub struct EncoderConfig {
    /// What people call this worker.
    pub name: String,
    /// Encodes at once, at least 1. The `light` lane has one slot of its own beside them.
    pub slots: u16,
    /// Lanes that it takes tasks from.
    pub lanes: Vec<Lane>,
    /// Where runs keep their files: a folder that workers may share, best on the object folder's file system.
    pub scratch: PathBuf,
    /// ffmpeg and ffprobe.
    pub tools: Tools,
    /// What they can do.
    pub abilities: Abilities,
    /// How often it says which runs it holds.
    pub renew_every: Duration,
    /// An ffmpeg without progress for so long is ended.
    pub stall: Duration,
    /// How long an ordered stop waits for running tasks before it gives them back.
    pub drain_grace: Duration,
    /// Less than this free in `scratch`, in bytes: it takes no tasks until there is room again.
    pub min_free_scratch: u64,
    /// Sources are kept in `scratch` for the tasks to come, so many bytes of them at most; 0 keeps none.
    pub cache_bytes: u64,
    /// A store that fails is tried again for so long before the task fails.
    pub store_retry: Duration,
    /// Silence after which status takes a run for lost. A worker that itself stood still for longer stops what it ran.
    /// `None` when status shares its process: then both stood still.
    pub lease: Option<Duration>,
    /// Ends itself in order when it has had nothing to do for so long; `None`: never.
    pub exit_when_idle: Option<Duration>,
}

impl EncoderConfig {
    /// The usual settings: lanes `light` and `encode`, a renewal a second, a minute for a stalled ffmpeg, half a
    /// minute to stop, 256 MiB kept free, 8 GiB of sources kept, five minutes for a store that fails.
    pub fn new(
        name: impl Into<String>,
        slots: u16,
        scratch: impl Into<PathBuf>,
        tools: Tools,
        abilities: Abilities,
    ) -> Self {
        Self {
            name: name.into(),
            slots: slots.max(1),
            lanes: vec![Lane::light(), Lane::encode()],
            scratch: scratch.into(),
            tools,
            abilities,
            renew_every: Duration::from_secs(1),
            stall: Duration::from_secs(60),
            drain_grace: Duration::from_secs(30),
            min_free_scratch: 256 << 20,
            cache_bytes: 8 << 30,
            store_retry: Duration::from_secs(300),
            lease: None,
            exit_when_idle: None,
        }
    }
}

/// Why an encoder could not start, or ended other than in order.
#[derive(Debug, Error)]
pub enum EncoderError {
    /// It has nowhere to work.
    #[error("the scratch folder {} can't be used ({source}); make it writable or set encoder.scratch", folder.display())]
    Scratch {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A part of it broke: a fault of this program.
    #[error(
        "the encoder's {part} ended unexpectedly ({cause}); please report it, and start it again"
    )]
    Broke {
        /// Which.
        part: &'static str,
        /// How.
        cause: String,
    },
}
