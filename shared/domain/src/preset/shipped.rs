//! The presets that every installation has, kept as TOML files beside the code.

use super::Preset;
use std::sync::LazyLock;

/// Names that are kept for presets of a later version: asking for one is refused with `not_available_yet`.
pub const NOT_YET: [&str; 3] = ["hls", "dash", "hevc-kvazaar"];

const FILES: [&str; 14] = [
    include_str!("../../presets/avi.toml"),
    include_str!("../../presets/mkv.toml"),
    include_str!("../../presets/ogg.toml"),
    include_str!("../../presets/webm.toml"),
    include_str!("../../presets/mp4-1080p.toml"),
    include_str!("../../presets/mp4-720p.toml"),
    include_str!("../../presets/mp4-480p.toml"),
    include_str!("../../presets/mp4-260p.toml"),
    include_str!("../../presets/mp4-h265.toml"),
    include_str!("../../presets/mp4-av1.toml"),
    include_str!("../../presets/audio-mp3.toml"),
    include_str!("../../presets/audio-m4a.toml"),
    include_str!("../../presets/audio-opus.toml"),
    include_str!("../../presets/thumbnails.toml"),
];

#[allow(
    clippy::expect_used,
    reason = "the files are part of the program, and a test reads each of them"
)]
static PRESETS: LazyLock<Vec<Preset>> = LazyLock::new(|| {
    FILES
        .iter()
        .map(|text| Preset::from_toml(text).expect("a shipped preset is valid"))
        .collect()
});

/// The shipped presets, in the order that people are shown.
pub fn presets() -> &'static [Preset] {
    &PRESETS
}

/// The shipped preset of this name.
pub fn by_name(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|p| p.name == name)
}
