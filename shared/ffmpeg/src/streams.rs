//! Streams as ffprobe's `compact` writer lists them; used to look at sources and at outputs.

use crate::rows::{Row, set};
use reelmill_domain::media::{Color, Ratio, Rotation};

/// One stream. What ffprobe does not say is absent or empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Stream {
    pub(crate) index: u32,
    pub(crate) kind: String,
    pub(crate) codec: String,
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    pub(crate) pixel_format: String,
    pub(crate) sample_aspect: Option<Ratio>,
    pub(crate) field_order: String,
    pub(crate) color: Color,
    pub(crate) raw_bits: Option<u8>,
    pub(crate) average_rate: Option<Ratio>,
    pub(crate) real_rate: Option<Ratio>,
    pub(crate) time_base: Option<Ratio>,
    /// Frames that the decoder holds back to put them in order.
    pub(crate) held_back: Option<u32>,
    pub(crate) sample_rate: Option<u32>,
    pub(crate) channels: Option<u16>,
    pub(crate) layout: String,
    pub(crate) language: String,
    pub(crate) is_default: bool,
    pub(crate) is_cover: bool,
    rotation: Option<f64>,
}

impl Stream {
    /// From a `stream` line.
    pub(crate) fn read(row: Row<'_>) -> Self {
        let mut stream = Self::default();
        for (key, value) in row.fields() {
            stream.field(key, value);
        }
        stream
    }

    fn field(&mut self, key: &str, value: &str) {
        let text = || value.to_owned();
        match key {
            "index" => self.index = value.parse().unwrap_or_default(),
            "codec_type" => self.kind = text(),
            "codec_name" => self.codec = text(),
            "width" => set(&mut self.width, value),
            "height" => set(&mut self.height, value),
            "pix_fmt" => self.pixel_format = text(),
            "sample_aspect_ratio" => self.sample_aspect = ratio(value, ':'),
            "field_order" => self.field_order = text(),
            "color_range" => self.color.range = text(),
            "color_space" => self.color.matrix = text(),
            "color_transfer" => self.color.transfer = text(),
            "color_primaries" => self.color.primaries = text(),
            "bits_per_raw_sample" => set(&mut self.raw_bits, value),
            "avg_frame_rate" => self.average_rate = ratio(value, '/'),
            "r_frame_rate" => self.real_rate = ratio(value, '/'),
            "time_base" => self.time_base = ratio(value, '/'),
            "has_b_frames" => set(&mut self.held_back, value),
            "sample_rate" => set(&mut self.sample_rate, value),
            "channels" => set(&mut self.channels, value),
            "channel_layout" => self.layout = text(),
            "tag:language" => self.language = language(value),
            "disposition:default" => self.is_default = value == "1",
            "disposition:attached_pic" => self.is_cover = value == "1",
            // Bare up to FFmpeg 6; later the side data's name comes before it.
            _ if key == "rotation" || key.ends_with(":rotation") => set(&mut self.rotation, value),
            _ => {}
        }
    }

    /// The turn that a player applies. ffprobe counts it counterclockwise.
    pub(crate) fn turn(&self) -> Rotation {
        let clockwise = (-self.rotation.unwrap_or(0.0)).rem_euclid(360.0);
        match clockwise {
            45.0..135.0 => Rotation::Quarter,
            135.0..225.0 => Rotation::Half,
            225.0..315.0 => Rotation::ThreeQuarters,
            _ => Rotation::None,
        }
    }

    /// Bits per component, by the pixel format's name (`yuv420p10le`, `p010le`, `gray12be`) or as declared.
    pub(crate) fn bit_depth(&self) -> u8 {
        let name = &self.pixel_format;
        let bare = name.trim_end_matches("le").trim_end_matches("be");
        let digits = bare.len() - bare.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let number = bare[bare.len() - digits..].trim_start_matches('0');
        match number.parse() {
            // Only names with an endianness end in a depth; `nv12`, `yuyv422` and `rgb24` don't.
            Ok(bits @ 9..=16) if bare.len() < name.len() => bits,
            _ => self.raw_bits.filter(|bits| *bits > 0).unwrap_or(8),
        }
    }

    pub(crate) fn is_interlaced(&self) -> bool {
        matches!(self.field_order.as_str(), "tt" | "bb" | "tb" | "bt")
    }

    /// Width × height; 0 when not known.
    pub(crate) fn pixels(&self) -> u64 {
        u64::from(self.width.unwrap_or(0)) * u64::from(self.height.unwrap_or(0))
    }
}

/// A positive ratio.
fn ratio(text: &str, sign: char) -> Option<Ratio> {
    let (num, den) = text.split_once(sign)?;
    Ratio::new(num.parse().ok().filter(|n| *n > 0)?, den.parse().ok()?)
}

/// A language tag is two or three letters, maybe with a region; anything else is not passed on.
fn language(value: &str) -> String {
    let good = value.len() <= 12 && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    match value {
        "und" => String::new(),
        _ if good => value.to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(line: &str) -> Stream {
        Stream::read(Row::new(line))
    }

    #[test]
    fn reads_a_picture() {
        let got = stream(
            "stream|index=2|codec_name=hevc|codec_type=video|width=3840|height=2160|sample_aspect_ratio=4:3|\
             pix_fmt=yuv420p10le|color_range=tv|color_space=bt2020nc|color_transfer=smpte2084|color_primaries=bt2020|\
             field_order=progressive|avg_frame_rate=24000/1001|time_base=1/90000|disposition:default=1",
        );
        assert_eq!((got.index, got.pixels()), (2, 3840 * 2160));
        assert_eq!(got.sample_aspect, Ratio::new(4, 3));
        assert_eq!(got.average_rate, Ratio::new(24000, 1001));
        assert_eq!(got.bit_depth(), 10);
        assert!(got.color.is_hdr() && got.is_default && !got.is_interlaced());
    }

    #[test]
    fn what_is_not_declared_is_absent() {
        let got = stream(
            "stream|index=0|sample_aspect_ratio=0:1|avg_frame_rate=0/0|has_b_frames=N/A|color_range=unknown",
        );
        assert_eq!(got, Stream::default());
        assert_eq!(got.bit_depth(), 8);
    }

    #[test]
    fn turns_are_clockwise() {
        let turn = |degrees: &str| stream(&format!("stream|side_data|rotation={degrees}")).turn();
        assert_eq!(turn("-90"), Rotation::Quarter);
        assert_eq!(turn("90"), Rotation::ThreeQuarters);
        assert_eq!(turn("-180"), Rotation::Half);
        assert_eq!(turn("180"), Rotation::Half);
        assert_eq!(turn("0"), Rotation::None);
        let newer = stream("stream|side_datum/display_matrix:rotation=-90");
        assert_eq!(newer.turn(), Rotation::Quarter);
    }

    #[test]
    fn depths_are_told_from_format_names() {
        let depth = |name: &str| stream(&format!("stream|pix_fmt={name}")).bit_depth();
        for (name, bits) in [
            ("yuv420p", 8),
            ("yuvj420p", 8),
            ("nv12", 8),
            ("yuyv422", 8),
            ("rgb24", 8),
            ("yuv420p10le", 10),
            ("p010le", 10),
            ("gbrp12be", 12),
            ("gray16le", 16),
        ] {
            assert_eq!(depth(name), bits, "{name}");
        }
    }

    #[test]
    fn odd_languages_are_dropped() {
        let language = |tag: &str| stream(&format!("stream|tag:language={tag}")).language;
        assert_eq!(language("eng"), "eng");
        assert_eq!(language("pt-BR"), "pt-BR");
        assert_eq!(language("und"), "");
        assert_eq!(language("<script>"), "");
    }
}
