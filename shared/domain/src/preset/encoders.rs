//! The encoders: their names, what they make, and the settings that they take. The only place where a preset's text
//! (its speed) is matched against a list.

use super::{AudioEncoder, VideoEncoder};

/// The speeds of x264 and x265. `placebo` is left out: it costs a multiple and gains nothing.
const X26X_SPEEDS: [&str; 9] = [
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
];
const VP9_SPEEDS: [&str; 9] = ["0", "1", "2", "3", "4", "5", "6", "7", "8"];
const SVT_SPEEDS: [&str; 10] = ["4", "5", "6", "7", "8", "9", "10", "11", "12", "13"];

impl VideoEncoder {
    /// Every encoder that we know.
    pub const ALL: [Self; 6] = [
        Self::X264,
        Self::X265,
        Self::Vp9,
        Self::SvtAv1,
        Self::Theora,
        Self::Mpeg4,
    ];

    /// What ffmpeg calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::X264 => "libx264",
            Self::X265 => "libx265",
            Self::Vp9 => "libvpx-vp9",
            Self::SvtAv1 => "libsvtav1",
            Self::Theora => "libtheora",
            Self::Mpeg4 => "mpeg4",
        }
    }

    /// What ffprobe calls the streams it makes.
    pub fn codec(self) -> &'static str {
        match self {
            Self::X264 => "h264",
            Self::X265 => "hevc",
            Self::Vp9 => "vp9",
            Self::SvtAv1 => "av1",
            Self::Theora => "theora",
            Self::Mpeg4 => "mpeg4",
        }
    }

    /// The speeds it takes, slowest or best first for the numbered ones; empty when it takes none.
    pub fn speeds(self) -> &'static [&'static str] {
        match self {
            Self::X264 | Self::X265 => &X26X_SPEEDS,
            Self::Vp9 => &VP9_SPEEDS,
            Self::SvtAv1 => &SVT_SPEEDS,
            Self::Theora | Self::Mpeg4 => &[],
        }
    }
}

impl AudioEncoder {
    /// Every encoder that we know.
    pub const ALL: [Self; 4] = [Self::Aac, Self::Mp3, Self::Vorbis, Self::Opus];

    /// What ffmpeg calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aac => "aac",
            Self::Mp3 => "libmp3lame",
            Self::Vorbis => "libvorbis",
            Self::Opus => "libopus",
        }
    }

    /// What ffprobe calls the streams it makes.
    pub fn codec(self) -> &'static str {
        match self {
            Self::Aac => "aac",
            Self::Mp3 => "mp3",
            Self::Vorbis => "vorbis",
            Self::Opus => "opus",
        }
    }
}
