//! A preset: a named recipe for one output, kept as data. Parsing and bounds; no decisions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mod available;
#[cfg(feature = "bench")]
mod bench;
mod container;
mod encoders;
mod names;
mod parse;
mod shipped;
mod validate;

pub use available::unavailable_reason;
#[cfg(feature = "bench")]
pub use bench::BenchRecipe;
pub use names::file_names;
pub use parse::PresetError;
pub use shipped::{NOT_YET, by_name, presets};
pub use validate::validate;

/// A recipe for one output. The same shape serves the shipped TOML files, users' files and inline objects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Lower-case letters, digits and dashes, 1 to 40 of them.
    #[serde(default)]
    pub name: String,
    /// What people see, at most 80 characters.
    #[serde(default)]
    pub label: String,
    /// A sentence for people, at most 300 characters.
    #[serde(default)]
    pub description: String,
    /// The file made.
    #[cfg_attr(feature = "bench", serde(default))]
    pub container: Container,
    /// The picture; absent: the output has none.
    #[serde(default)]
    pub video: Option<VideoRecipe>,
    /// The sound; absent: the output has none.
    #[serde(default)]
    pub audio: Option<AudioRecipe>,
    /// Pictures instead of a film; only with container `images`.
    #[serde(default)]
    pub images: Option<ImagesRecipe>,
    /// Tasks that make nothing instead of a film.
    #[cfg(feature = "bench")]
    #[serde(default)]
    pub bench: Option<BenchRecipe>,
}

impl Preset {
    /// Whether its output is made when its parts are, with nothing to assemble: only in measurements.
    pub(crate) fn ends_with_its_parts(&self) -> bool {
        #[cfg(feature = "bench")]
        return self.bench.is_some();
        #[cfg(not(feature = "bench"))]
        false
    }
}

/// What kind of thing a preset makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A film.
    Video,
    /// Sound alone.
    Audio,
    /// A poster and a sprite sheet.
    Images,
}

/// The file formats made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Container {
    /// `.avi`
    Avi,
    /// `.mkv`
    Mkv,
    /// `.ogv`
    Ogg,
    /// `.webm`
    Webm,
    /// `.mp4`, index first (faststart)
    Mp4,
    /// `.mp3`
    Mp3,
    /// `.m4a`
    M4a,
    /// `.opus`
    Opus,
    /// A set of picture files.
    Images,
}

/// How the picture is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VideoRecipe {
    /// The encoder.
    pub encoder: VideoEncoder,
    /// How bits are spent.
    pub rate: Rate,
    /// The encoder's own speed setting, bounded per encoder (x264/x265: `ultrafast`…`veryslow`; SVT-AV1: `4`…`13`;
    /// VP9: `0`…`8`, its cpu-used; others take none).
    #[serde(default)]
    pub speed: Option<String>,
    /// The box that the picture must fit in, width; never upscaled, and turned for a picture that stands upright.
    /// 16 to 8192.
    #[serde(default)]
    pub max_width: Option<u32>,
    /// The box's height, likewise. 16 to 8192.
    #[serde(default)]
    pub max_height: Option<u32>,
    /// A rung of a ladder: skipped, with its reason, when the source is smaller than the box in both directions.
    #[serde(default)]
    pub skip_if_smaller: bool,
    /// Keyframe at least every so many seconds, 0.5 to 20.
    #[serde(default)]
    pub keyframe_s: Option<f64>,
    /// What to do with a source that has no picture.
    #[serde(default)]
    pub missing: Missing,
}

/// What an output does when the source lacks a stream that its preset names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Make the output without that stream.
    Omit,
    /// Skip the output and say why.
    #[default]
    Skip,
}

/// Video encoders, by what ffmpeg calls them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum VideoEncoder {
    /// H.264
    #[serde(rename = "libx264")]
    X264,
    /// H.265
    #[serde(rename = "libx265")]
    X265,
    /// VP9
    #[serde(rename = "libvpx-vp9")]
    Vp9,
    /// AV1
    #[serde(rename = "libsvtav1")]
    SvtAv1,
    /// Theora
    #[serde(rename = "libtheora")]
    Theora,
    /// MPEG-4 part 2
    #[serde(rename = "mpeg4")]
    Mpeg4,
}

/// How bits are spent: constant quality, or a bit rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rate {
    /// Constant rate factor; the range is the encoder's (x264/x265 0–51, VP9 0–63, AV1 1–63).
    Crf(f64),
    /// Fixed quantiser scale, lower is better (mpeg4 1–31) or higher is better (theora 0–10).
    Quality(f64),
    /// Average bit rate in kilobits per second, 16 to 200 000.
    BitrateKbps(u32),
}

/// How the sound is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AudioRecipe {
    /// The encoder.
    pub encoder: AudioEncoder,
    /// Kilobits per second for mono or stereo, 8 to 1536 (MP3 320, Vorbis 480, Opus 510); more channels get their
    /// share more, as far as the encoder goes.
    pub bitrate_kbps: u32,
    /// How many channels at most, 1 to 8: 1 mono, 2 stereo; absent: as the source has, as far as the encoder can.
    #[serde(default)]
    pub max_channels: Option<u16>,
    /// Copy the stream untouched when the container can hold it.
    #[serde(default)]
    pub copy_if_possible: bool,
    /// What to do with a source that has no sound.
    #[serde(default)]
    pub missing: Missing,
}

/// Audio encoders, by what ffmpeg calls them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum AudioEncoder {
    /// AAC-LC
    #[serde(rename = "aac")]
    Aac,
    /// MP3
    #[serde(rename = "libmp3lame")]
    Mp3,
    /// Vorbis
    #[serde(rename = "libvorbis")]
    Vorbis,
    /// Opus
    #[serde(rename = "libopus")]
    Opus,
}

/// A poster and a sprite sheet with its WebVTT.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImagesRecipe {
    /// Poster box width, 16 to 4096; never upscaled.
    pub poster_width: u32,
    /// Width of one tile, 16 to 1024.
    pub tile_width: u32,
    /// How many tiles at most, 1 to 400, spread evenly over the film; tiles × tile_width² at most 64 million.
    pub tiles: u32,
}
