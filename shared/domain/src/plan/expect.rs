//! What must be true of a made file. Tolerances are as tight as clocks, encoder delays and containers allow.

use super::rate;
use super::timeline::Made;
use crate::media::{Media, Video};
use crate::preset::{Container, VideoEncoder};
use crate::spec::{
    AudioEncode, AudioHow, AudioSpec, ExpectAnew, ExpectAudio, ExpectVideo, Expectation, Frames,
    VideoSpec,
};

/// Encoder delay and padding (MP3: up to 2,257 samples at 44.1 kHz; AAC: 2,048; Opus: 20 ms and 6.5 ms), and one
/// frame of the source's own codec at both ends.
const AUDIO_TOLERANCE_S: f64 = 0.25;

/// How far sound may be off against the picture: below this nobody sees it (broadcasters allow 45 ms early and 125 ms
/// late), and codec delays that a container can't note stay below it.
const DRIFT_S: f64 = 0.1;

/// In Theora a frame that equals the one before is an empty packet, and ffmpeg writes no Ogg page that holds nothing
/// else: a film that ends in a still scene lacks up to a page of it, which spans a second.
const STILL_END_S: f64 = 1.0;

/// The expectation for an output.
pub(super) fn expectation(
    container: Container,
    media: &Media,
    video: Option<&VideoSpec>,
    audio: Option<&AudioSpec>,
    made: &Made,
) -> Expectation {
    let source = media.video.as_ref();
    Expectation {
        container: container.demuxer().into(),
        video: source.zip(video).map(|(s, v)| picture(s, v, made)),
        audio: audio.and_then(|spec| sound(media, video, spec, made)),
    }
}

fn picture(source: &Video, video: &VideoSpec, made: &Made) -> ExpectVideo {
    let base_s = tolerance_s(source, video);
    let (frames, tolerance_s) = match video.constant_rate {
        None => (Frames::Exactly(made.frames), base_s),
        Some(rate) => {
            let slack = if rate::keeps_frames(source, rate) {
                1
            } else {
                (base_s * rate.as_f64()).ceil() as u64
            };
            if video.encoder == VideoEncoder::Theora {
                let page = (STILL_END_S * rate.as_f64()).ceil() as u64;
                (about(made.frames, slack + page), base_s + STILL_END_S)
            } else {
                (about(made.frames, slack), base_s)
            }
        }
    };
    ExpectVideo {
        codec: video.encoder.codec().into(),
        width: video.width,
        height: video.height,
        frames,
        duration_s: made.video_s,
        tolerance_s,
    }
}

fn about(count: u64, off: u64) -> Frames {
    Frames::About {
        count,
        off: off.min(count.saturating_sub(1)),
    }
}

/// Two frames at the slower of both rates. A variable rate says nothing of how long its last frame stays, and few
/// containers keep that: a second more, or 1 %.
fn tolerance_s(source: &Video, video: &VideoSpec) -> f64 {
    let source_rate = rate::average(source);
    let made_rate = video.constant_rate.map_or(source_rate, |r| r.as_f64());
    let base_s = (2.0 / source_rate.min(made_rate)).max(0.1);
    if source.variable_rate {
        base_s + (rate::length_s(source) / 100.0).max(1.0)
    } else {
        base_s
    }
}

fn sound(
    media: &Media,
    video: Option<&VideoSpec>,
    spec: &AudioSpec,
    made: &Made,
) -> Option<ExpectAudio> {
    let source = media.chosen_audio()?;
    let made_by = |encode: &AudioEncode| ExpectAnew {
        codec: encode.encoder.codec().into(),
        channels: encode.channels,
    };
    let (codec, channels, otherwise) = match &spec.how {
        AudioHow::Copy { otherwise } => (
            source.codec.clone(),
            source.channels,
            otherwise.as_ref().map(made_by),
        ),
        AudioHow::Encode(encode) => {
            let ExpectAnew { codec, channels } = made_by(encode);
            (codec, channels, None)
        }
    };
    // A constant rate moves the first frame to its nearest tick.
    let tick_s = video
        .and_then(|v| v.constant_rate)
        .map_or(0.0, |r| (1.0 / r.as_f64()).min(0.5));
    Some(ExpectAudio {
        codec,
        channels,
        duration_s: made.audio_s,
        tolerance_s: AUDIO_TOLERANCE_S,
        drift_s: DRIFT_S.max(tick_s),
        offset_s: made.offset_s,
        copied: matches!(spec.how, AudioHow::Copy { .. }),
        otherwise,
    })
}
