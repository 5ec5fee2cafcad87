//! What a task is expected to cost, in seconds of one core. For order and ETA only: rough guesses at how encoders
//! compare, not measurements, and never a limit.

use crate::media::Media;
use crate::preset::VideoEncoder;
use crate::spec::{EncodeSpec, ThumbnailsSpec, VideoSpec};

/// Decoding: seconds per million samples.
const DECODE: f64 = 0.004;
/// Encoding or copying sound: seconds per second.
const SOUND: f64 = 0.01;
/// Starting and ending a task: seconds.
const START: f64 = 0.2;

/// frames × megapixels × (weight of the encoder × of its speed) + decoding + sound.
pub(super) fn encode(spec: &EncodeSpec, media: &Media) -> f64 {
    let picture = spec.video.as_ref().map_or(0.0, |v| {
        let made = megapixels(v.width, v.height) * spec.frames as f64;
        made * weight(v) + decode(media)
    });
    let sound = spec.audio.as_ref().map_or(0.0, |_| SOUND * spec.duration_s);
    START + picture + sound
}

/// Verification decodes everything once.
pub(super) fn assemble(spec: &EncodeSpec) -> f64 {
    let picture = spec.video.as_ref().map_or(0.0, |v| {
        megapixels(v.width, v.height) * spec.frames as f64 * DECODE
    });
    START + picture + SOUND * spec.duration_s / 2.0
}

/// The film is decoded once; the pictures are few.
pub(super) fn thumbnails(spec: &ThumbnailsSpec, media: &Media) -> f64 {
    let (columns, rows) = spec.grid;
    START + decode(media) + f64::from(columns * rows) * 0.01
}

fn decode(media: &Media) -> f64 {
    media.video.as_ref().map_or(0.0, |v| {
        megapixels(v.width, v.height) * v.frames as f64 * DECODE
    })
}

fn megapixels(width: u32, height: u32) -> f64 {
    f64::from(width) * f64::from(height) / 1e6
}

/// Seconds of one core per million samples encoded.
fn weight(video: &VideoSpec) -> f64 {
    let speed = video.speed.as_deref().unwrap_or_default();
    match video.encoder {
        VideoEncoder::X264 => 0.025 * x26x(speed),
        VideoEncoder::X265 => 0.080 * x26x(speed),
        // Each step of theirs is about a quarter faster.
        VideoEncoder::Vp9 => 0.100 * 0.75_f64.powi(step(speed, 4) - 4),
        VideoEncoder::SvtAv1 => 0.060 * 0.75_f64.powi(step(speed, 8) - 8),
        VideoEncoder::Theora => 0.020,
        VideoEncoder::Mpeg4 => 0.010,
    }
}

fn step(speed: &str, default: i32) -> i32 {
    speed.parse().unwrap_or(default)
}

/// How x264's and x265's speeds compare to `medium`.
fn x26x(speed: &str) -> f64 {
    match speed {
        "ultrafast" => 0.2,
        "superfast" => 0.3,
        "veryfast" => 0.45,
        "faster" => 0.7,
        "fast" => 0.85,
        "slow" => 1.6,
        "slower" => 3.0,
        "veryslow" => 5.0,
        _ => 1.0,
    }
}
