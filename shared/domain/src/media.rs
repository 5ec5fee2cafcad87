//! What a probe found out about a source. Facts only; decisions are the planner's.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A fraction, for rates and time bases. The denominator is never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ratio {
    /// Numerator.
    pub num: i64,
    /// Denominator, greater than zero.
    pub den: i64,
}

impl Ratio {
    /// A ratio; `None` when the denominator is not positive.
    pub fn new(num: i64, den: i64) -> Option<Self> {
        (den > 0).then_some(Self { num, den })
    }

    /// As a floating number.
    pub fn as_f64(self) -> f64 {
        self.num as f64 / self.den as f64
    }
}

/// A source as the probe saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Media {
    /// The demuxer's short name, e.g. `mov,mp4,m4a,3gp,3g2,mj2`.
    pub container: String,
    /// The file's size.
    pub bytes: u64,
    /// The length the container declares, in seconds; 0 when it declares none.
    pub declared_duration_s: f64,
    /// The length that the packets of the chosen streams cover, in seconds.
    pub duration_s: f64,
    /// The picture chosen, if the source has one that is not a cover.
    pub video: Option<Video>,
    /// Every sound stream, in file order. The chosen one has `chosen`.
    pub audio: Vec<Audio>,
    /// Whether an attached picture (cover art) was seen and left out.
    pub cover_art: bool,
    /// What was wrong with the file, in plain words, as the probe met it (at most 8).
    pub damage: Vec<String>,
}

impl Media {
    /// The sound stream that outputs use.
    pub fn chosen_audio(&self) -> Option<&Audio> {
        self.audio.iter().find(|a| a.chosen)
    }
}

/// A picture stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Video {
    /// Absolute stream index in the file.
    pub index: u32,
    /// Codec name as ffprobe calls it.
    pub codec: String,
    /// Stored width in samples.
    pub width: u32,
    /// Stored height in samples.
    pub height: u32,
    /// Clockwise turn that a player applies.
    pub rotation: Rotation,
    /// Sample aspect ratio; 1:1 when not declared.
    pub sample_aspect: Ratio,
    /// Pixel format as ffprobe calls it.
    pub pixel_format: String,
    /// Bits per component.
    pub bit_depth: u8,
    /// Colour as tagged.
    pub color: Color,
    /// Average frame rate.
    pub frame_rate: Ratio,
    /// Tick of this stream's clock, in seconds.
    pub time_base: Ratio,
    /// Frames by the packet list (packets not marked discard).
    pub frames: u64,
    /// How many packets are keyframes.
    pub keyframes: u64,
    /// First presentation time in ticks.
    pub first_pts: i64,
    /// From the first frame's start to the last frame's end, in seconds.
    pub duration_s: f64,
    /// When the first frame shows, in seconds of the file's clock.
    pub start_s: f64,
    /// Whether frame gaps differ by more than a tick's rounding.
    pub variable_rate: bool,
    /// Whether the stream is coded interlaced.
    pub interlaced: bool,
}

impl Video {
    /// Whether a sample is as wide as it is high. A declared shape beyond 10:1 is nonsense and counts as square.
    pub fn has_square_pixels(&self) -> bool {
        let shape = self.sample_aspect.as_f64();
        shape == 1.0 || !(0.1..=10.0).contains(&shape)
    }

    /// Width and height as shown: turned, and with square pixels. At least 1×1.
    pub fn shown_size(&self) -> (u32, u32) {
        let shape = if self.has_square_pixels() {
            1.0
        } else {
            self.sample_aspect.as_f64()
        };
        let wide = (f64::from(self.width) * shape).round().max(1.0) as u32;
        match self.rotation {
            Rotation::None | Rotation::Half => (wide, self.height.max(1)),
            Rotation::Quarter | Rotation::ThreeQuarters => (self.height.max(1), wide),
        }
    }
}

/// A turn, clockwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// 0°.
    None,
    /// 90°.
    Quarter,
    /// 180°.
    Half,
    /// 270°.
    ThreeQuarters,
}

/// Colour tags, as ffprobe spells them; empty when unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Color {
    /// Primaries, e.g. `bt709`, `bt2020`.
    pub primaries: String,
    /// Transfer, e.g. `bt709`, `smpte2084` (PQ), `arib-std-b67` (HLG).
    pub transfer: String,
    /// Matrix, e.g. `bt709`, `bt2020nc`.
    pub matrix: String,
    /// `tv` or `pc`.
    pub range: String,
}

impl Color {
    /// PQ or HLG: needs tone mapping to be watchable as SDR.
    pub fn is_hdr(&self) -> bool {
        matches!(self.transfer.as_str(), "smpte2084" | "arib-std-b67")
    }
}

/// A sound stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Audio {
    /// Absolute stream index in the file.
    pub index: u32,
    /// Codec name as ffprobe calls it.
    pub codec: String,
    /// Channel count, at least 1.
    pub channels: u16,
    /// Layout as ffprobe calls it, e.g. `5.1`; empty when unknown.
    pub layout: String,
    /// Samples per second.
    pub sample_rate: u32,
    /// ISO 639-2 language tag; empty when none.
    pub language: String,
    /// Whether outputs use this one.
    pub chosen: bool,
    /// First presentation time in seconds of the file's clock.
    pub start_s: f64,
    /// From the first to the end of the last packet, in seconds.
    pub duration_s: f64,
}
