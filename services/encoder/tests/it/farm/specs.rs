//! Task specifications, as the planner would write them.

use reelmill_domain::{
    preset::{AudioEncoder, Container, Rate, VideoEncoder},
    spec::{
        AssembleSpec, AudioEncode, AudioHow, AudioSpec, EncodeSpec, ExpectAnew, ExpectAudio,
        ExpectVideo, Expectation, Frames, Input, ProbeSpec, SourceLimits, TaskSpec, ThumbnailsSpec,
        VideoSpec,
    },
};

pub const LIMITS: SourceLimits = SourceLimits {
    duration_s: 3600,
    pixels: 8192 * 8192,
    streams: 16,
};

pub fn probe(source: &Input) -> TaskSpec {
    TaskSpec::Probe(ProbeSpec {
        source: source.clone(),
        limits: LIMITS,
    })
}

/// x264 of a picture of this size, with or without its sound.
pub fn encode(source: &Input, size: (u32, u32), frames: u64, speed: &str, sound: bool) -> TaskSpec {
    TaskSpec::Encode(EncodeSpec {
        preset: "test".into(),
        source: source.clone(),
        limits: LIMITS,
        video: Some(VideoSpec {
            stream: 0,
            encoder: VideoEncoder::X264,
            rate: Rate::Crf(28.0),
            speed: Some(speed.to_owned()),
            threads: 1,
            width: size.0,
            height: size.1,
            scale: false,
            tone_map: None,
            pixel_format: "yuv420p".to_owned(),
            constant_rate: None,
            keyframe_interval: None,
        }),
        audio: sound.then_some(AudioSpec {
            stream: 1,
            how: AudioHow::Encode(AudioEncode {
                encoder: AudioEncoder::Aac,
                bitrate_kbps: 96,
                channels: 2,
                sample_rate: 48_000,
            }),
        }),
        container: Container::Mkv,
        frames,
        duration_s: frames as f64 / 25.0,
    })
}

/// An encode that takes minutes.
pub fn long_encode(source: &Input) -> TaskSpec {
    encode(source, (640, 360), 3000, "veryslow", false)
}

/// What [`encode`] should come to.
pub fn assemble(source: &Input, size: (u32, u32), frames: u64, sound: bool) -> AssembleSpec {
    let duration_s = frames as f64 / 25.0;
    AssembleSpec {
        source: source.clone(),
        limits: LIMITS,
        container: Container::Mkv,
        file_name: "film.mkv".to_owned(),
        expect: Expectation {
            container: "matroska".to_owned(),
            video: Some(ExpectVideo {
                codec: "h264".to_owned(),
                width: size.0,
                height: size.1,
                frames: Frames::Exactly(frames),
                duration_s,
                tolerance_s: 0.1,
            }),
            audio: sound.then_some(ExpectAudio {
                codec: "aac".to_owned(),
                channels: 2,
                duration_s,
                tolerance_s: 0.2,
                drift_s: 0.1,
                offset_s: 0.0,
                copied: false,
                otherwise: None,
            }),
        },
        strict: false,
    }
}

/// The same picture with its sound copied, and how that would be made anew (as MP3, unlike the source's AAC) if that is
/// foreseen.
pub fn copying(
    source: &Input,
    size: (u32, u32),
    frames: u64,
    foreseen: bool,
) -> (TaskSpec, AssembleSpec) {
    let mut made = encode(source, size, frames, "ultrafast", true);
    if let TaskSpec::Encode(EncodeSpec {
        audio: Some(sound), ..
    }) = &mut made
    {
        let otherwise = foreseen.then_some(AudioEncode {
            encoder: AudioEncoder::Mp3,
            bitrate_kbps: 96,
            channels: 2,
            sample_rate: 48_000,
        });
        sound.how = AudioHow::Copy { otherwise };
    }
    let mut wanted = assemble(source, size, frames, true);
    if let Some(sound) = &mut wanted.expect.audio {
        sound.copied = true;
        sound.otherwise = foreseen.then(|| ExpectAnew {
            codec: "mp3".to_owned(),
            channels: 2,
        });
    }
    (made, wanted)
}

pub fn thumbnails(source: &Input, duration_s: f64) -> TaskSpec {
    TaskSpec::Thumbnails(ThumbnailsSpec {
        source: source.clone(),
        limits: LIMITS,
        stream: 0,
        duration_s,
        poster: (320, 180),
        tile: (160, 90),
        grid: (2, 2),
        every_s: duration_s / 4.0,
        tone_map: None,
        strict: false,
    })
}
