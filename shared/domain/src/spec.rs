//! What a worker is told to do: complete, resolved, with nothing left to decide. Every argument that changes bytes is here.

use crate::media::{Color, Ratio};
use crate::preset::{AudioEncoder, Container, Rate, VideoEncoder};
use serde::{Deserialize, Serialize};

mod anew;

/// The work of one task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TaskSpec {
    /// Find out what the source is.
    Probe(ProbeSpec),
    /// Make one chunk of one output (for now: the whole of it).
    Encode(EncodeSpec),
    /// Join the parts, mux, verify, put the output where it will be served from.
    Assemble(AssembleSpec),
    /// A poster, and a sprite sheet with its WebVTT; verified in the same task.
    Thumbnails(ThumbnailsSpec),
    /// Nothing, to measure what everything around a task costs.
    #[cfg(feature = "bench")]
    Noop,
    /// Hold a slot for so long, in milliseconds.
    #[cfg(feature = "bench")]
    Sleep {
        /// How long.
        ms: u64,
    },
}

impl TaskSpec {
    /// The kind's name, as the API and the metrics spell it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Probe(_) => "probe",
            Self::Encode(_) => "encode",
            Self::Assemble(_) => "assemble",
            Self::Thumbnails(_) => "thumbnails",
            #[cfg(feature = "bench")]
            Self::Noop => "noop",
            #[cfg(feature = "bench")]
            Self::Sleep { .. } => "sleep",
        }
    }

    /// Whether it makes a part of its output: a step that the output's progress is counted in.
    pub fn makes_part(&self) -> bool {
        match self {
            Self::Encode(_) | Self::Thumbnails(_) => true,
            Self::Probe(_) | Self::Assemble(_) => false,
            #[cfg(feature = "bench")]
            Self::Noop | Self::Sleep { .. } => true,
        }
    }
}

/// An object to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Object key.
    pub key: String,
    /// Its size.
    pub bytes: u64,
}

/// Limits that a source must keep.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SourceLimits {
    /// Longest film, in seconds.
    pub duration_s: u64,
    /// Most samples in one picture (width × height).
    pub pixels: u64,
    /// Most streams in a file.
    pub streams: u32,
}

/// A probe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeSpec {
    /// The source.
    pub source: Input,
    /// What it may be at most.
    pub limits: SourceLimits,
}

/// An encode of a run of frames, or of all of them.
///
/// Picture and sound keep their distance from the source's first stamp. AVI can't note that a stream begins later:
/// there silence comes before the sound, or the first picture stays longer. Gaps in the sound are filled with silence
/// everywhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EncodeSpec {
    /// The preset's name, for figures alone; empty for an inline one.
    #[serde(default)]
    pub preset: String,
    /// The source.
    pub source: Input,
    /// The caps that ffmpeg is given.
    pub limits: SourceLimits,
    /// Picture, or none.
    pub video: Option<VideoSpec>,
    /// Sound, or none.
    pub audio: Option<AudioSpec>,
    /// The file made.
    pub container: Container,
    /// Frames expected, for progress; 0 when the output has no picture.
    pub frames: u64,
    /// Length expected in seconds, for progress.
    pub duration_s: f64,
}

/// How the picture is made, resolved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VideoSpec {
    /// Absolute stream index in the source.
    pub stream: u32,
    /// The encoder.
    pub encoder: VideoEncoder,
    /// How bits are spent.
    pub rate: Rate,
    /// The encoder's speed setting.
    pub speed: Option<String>,
    /// The encoder's threads, fixed because x264's bytes depend on them. 1 to 64.
    pub threads: u16,
    /// Made width, even; as shown, so after the source's rotation.
    pub width: u32,
    /// Made height, even.
    pub height: u32,
    /// Whether the picture must be scaled to that size (never up); otherwise it is padded to even at most.
    pub scale: bool,
    /// Tone-map from these HDR tags to 8-bit BT.709.
    pub tone_map: Option<Color>,
    /// Pixel format made, e.g. `yuv420p`.
    pub pixel_format: String,
    /// Constant frame rate to make, when the container or the codec needs one; absent: frames keep their own times.
    pub constant_rate: Option<Ratio>,
    /// Most frames between keyframes.
    pub keyframe_interval: Option<u32>,
}

/// How the sound is made, resolved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AudioSpec {
    /// Absolute stream index in the source.
    pub stream: u32,
    /// Encode it, or copy it untouched.
    pub how: AudioHow,
}

/// Encode or copy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum AudioHow {
    /// Copy packets.
    Copy {
        /// How to make it when the container refuses its packets because they are damaged. Tasks that were planned before
        /// this was known have none: then the encode fails.
        #[serde(default)]
        otherwise: Option<AudioEncode>,
    },
    /// Encode.
    Encode(AudioEncode),
}

/// An encode of sound, resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioEncode {
    /// The encoder.
    pub encoder: AudioEncoder,
    /// Kilobits per second.
    pub bitrate_kbps: u32,
    /// Channels made: 1 mono, 2 stereo, 6 as 5.1, 8 as 7.1; nothing else.
    pub channels: u16,
    /// Samples per second made.
    pub sample_rate: u32,
}

/// Join, mux, verify, publish.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssembleSpec {
    /// The source, for measuring what of it can be decoded when the result differs from the expectation.
    pub source: Input,
    /// The caps that ffmpeg is given.
    pub limits: SourceLimits,
    /// The file made.
    pub container: Container,
    /// The name its object is stored under (ours: ASCII, no separators); its owner sees the output's own.
    pub file_name: String,
    /// What must be true of it.
    pub expect: Expectation,
    /// A damaged source fails the output instead of warning.
    pub strict: bool,
}

/// Thumbnails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThumbnailsSpec {
    /// The source.
    pub source: Input,
    /// The caps that ffmpeg is given.
    pub limits: SourceLimits,
    /// Absolute stream index in the source.
    pub stream: u32,
    /// The film's length in seconds.
    pub duration_s: f64,
    /// Poster size, even.
    pub poster: (u32, u32),
    /// Tile size, even.
    pub tile: (u32, u32),
    /// Columns and rows of the sheet.
    pub grid: (u32, u32),
    /// Seconds of film between tiles.
    pub every_s: f64,
    /// Tone-map from these HDR tags.
    pub tone_map: Option<Color>,
    /// A damaged source fails the output instead of warning.
    #[serde(default)]
    pub strict: bool,
}

/// What verification checks an output against: stored with the plan, measured on the decoded result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expectation {
    /// The demuxer name that ffprobe must report (one of its comma-separated names).
    pub container: String,
    /// The picture, or that there is none.
    pub video: Option<ExpectVideo>,
    /// The sound, or that there is none.
    pub audio: Option<ExpectAudio>,
}

/// The picture expected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpectVideo {
    /// Codec name as ffprobe calls it.
    pub codec: String,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
    /// Decoded frames.
    pub frames: Frames,
    /// From the first frame's start to the last frame's end, in seconds.
    pub duration_s: f64,
    /// How far the measured length may be off, in seconds.
    pub tolerance_s: f64,
}

/// How many frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frames {
    /// Exactly so many: frames pass through.
    Exactly(u64),
    /// A constant rate is made, or a muxer leaves out a still end (Theora): within `off` of `count`.
    About {
        /// The count computed from rate and length.
        count: u64,
        /// The largest difference.
        off: u64,
    },
}

/// The sound expected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpectAudio {
    /// Codec name as ffprobe calls it.
    pub codec: String,
    /// Channels.
    pub channels: u16,
    /// Length in seconds.
    pub duration_s: f64,
    /// How far the measured length may be off, in seconds (encoder delay and padding included).
    pub tolerance_s: f64,
    /// How far the start of sound against picture may differ from the source's, in seconds.
    pub drift_s: f64,
    /// Sound start minus picture start in the source, in seconds; 0 without a picture.
    pub offset_s: f64,
    /// The source's own packets, copied: what is wrong with them is wrong here too.
    #[serde(default)]
    pub copied: bool,
    /// What it is when it had to be made anew instead of copied; the times hold for both. None when that isn't foreseen.
    #[serde(default)]
    pub otherwise: Option<ExpectAnew>,
}

/// The sound expected when it could not be copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectAnew {
    /// Codec name as ffprobe calls it.
    pub codec: String,
    /// Channels.
    pub channels: u16,
}
