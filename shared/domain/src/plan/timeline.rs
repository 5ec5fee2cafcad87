//! When picture and sound of an output begin and end, from when those of the source do. Both may differ in either
//! direction, and a source whose streams differ in length is nothing unusual.

use super::rate;
use crate::media::{Media, Video};
use crate::preset::Container;
use crate::spec::{AudioSpec, VideoSpec};

/// The times of a made file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Made {
    /// Frames; 0 without a picture.
    pub frames: u64,
    /// From the first frame's start to the last frame's end, in seconds.
    pub video_s: f64,
    /// From the first sample to the end of the last, in seconds.
    pub audio_s: f64,
    /// Sound start minus picture start, in seconds; 0 unless both are there.
    pub offset_s: f64,
}

impl Made {
    /// The longer of the two.
    pub fn duration_s(&self) -> f64 {
        self.video_s.max(self.audio_s)
    }
}

/// Whether both streams must begin at zero because the file can't say that one begins later: then silence comes before
/// the sound, or the first picture stays longer.
pub(super) fn starts_at_zero(container: Container) -> bool {
    container == Container::Avi
}

/// How long after the source's first stamp its chosen sound begins, in seconds; 0 without sound.
pub(super) fn audio_lead_s(media: &Media) -> f64 {
    media
        .chosen_audio()
        .map_or(0.0, |a| a.start_s - first_start_s(media))
}

/// The source's first stamp over all its streams: ffmpeg counts from there.
fn first_start_s(media: &Media) -> f64 {
    let video = media.video.iter().map(|v| v.start_s);
    let audio = media.audio.iter().map(|a| a.start_s);
    video.chain(audio).reduce(f64::min).unwrap_or(0.0)
}

/// What will be made of the source's times.
pub(super) fn made(
    container: Container,
    media: &Media,
    video: Option<&VideoSpec>,
    audio: Option<&AudioSpec>,
) -> Made {
    let zero = starts_at_zero(container);
    let source = media.video.as_ref().filter(|_| video.is_some());
    let sound = media.chosen_audio().filter(|_| audio.is_some());
    let (video_lead, audio_lead) = if zero {
        let video_lead = source.map_or(0.0, |v| v.start_s - first_start_s(media));
        (video_lead, audio_lead_s(media))
    } else {
        (0.0, 0.0)
    };
    let offset_s = match (source, sound) {
        (Some(v), Some(a)) if !zero => a.start_s - v.start_s,
        _ => 0.0,
    };
    Made {
        frames: source.map_or(0, |v| frames(v, video)),
        video_s: source.map_or(0.0, |v| rate::length_s(v) + video_lead),
        audio_s: sound.map_or(0.0, |a| a.duration_s + audio_lead),
        offset_s,
    }
}

/// Every frame of the source, or as many as the constant rate makes of its time.
fn frames(source: &Video, made: Option<&VideoSpec>) -> u64 {
    match made.and_then(|m| m.constant_rate) {
        Some(rate) if !rate::keeps_frames(source, rate) => {
            let ticks = rate::length_s(source) * rate.as_f64();
            (ticks.round() as u64).max(1)
        }
        _ => source.frames,
    }
}
