//! Whole command lines, one argument a line, held by snapshots: any change of what ffmpeg is told shows in review.

use insta::assert_snapshot;
use reelmill_domain::media::{Color, Ratio};
use reelmill_domain::preset::{AudioEncoder, Container, Rate, VideoEncoder};
use reelmill_domain::spec::{
    AudioEncode, AudioHow, AudioSpec, EncodeSpec, Input, SourceLimits, ThumbnailsSpec, VideoSpec,
};
use reelmill_ffmpeg::argv;

const LIMITS: SourceLimits = SourceLimits {
    duration_s: 3600,
    pixels: 33_177_600,
    streams: 32,
};

fn hdr() -> Color {
    Color {
        primaries: "bt2020".into(),
        transfer: "arib-std-b67".into(),
        matrix: "bt2020nc".into(),
        range: "tv".into(),
    }
}

fn picture(encoder: VideoEncoder, rate: Rate) -> VideoSpec {
    VideoSpec {
        stream: 1,
        encoder,
        rate,
        speed: None,
        threads: 4,
        width: 1280,
        height: 720,
        scale: true,
        tone_map: None,
        pixel_format: "yuv420p".into(),
        constant_rate: None,
        keyframe_interval: Some(125),
    }
}

fn sound(encoder: AudioEncoder, channels: u16) -> AudioSpec {
    AudioSpec {
        stream: 2,
        how: AudioHow::Encode(AudioEncode {
            encoder,
            bitrate_kbps: 160,
            channels,
            sample_rate: 48_000,
        }),
    }
}

fn lines(container: Container, video: Option<VideoSpec>, audio: Option<AudioSpec>) -> String {
    let spec = EncodeSpec {
        preset: String::new(),
        source: Input {
            key: "sources/1".into(),
            bytes: 1,
        },
        limits: LIMITS,
        video,
        audio,
        container,
        frames: 132,
        duration_s: 5.28,
    };
    argv::encode(&spec, "source", "output").join("\n")
}

#[test]
fn matroska_with_surround() {
    let mut video = picture(VideoEncoder::X264, Rate::Crf(21.0));
    video.speed = Some("slow".into());
    assert_snapshot!(lines(
        Container::Mkv,
        Some(video),
        Some(sound(AudioEncoder::Aac, 6))
    ));
}

#[test]
fn avi_at_a_constant_rate() {
    let mut video = picture(VideoEncoder::Mpeg4, Rate::Quality(4.0));
    video.constant_rate = Ratio::new(30_000, 1001);
    video.scale = false;
    assert_snapshot!(lines(
        Container::Avi,
        Some(video),
        Some(sound(AudioEncoder::Mp3, 2))
    ));
}

#[test]
fn ogg_at_a_constant_rate() {
    let mut video = picture(VideoEncoder::Theora, Rate::Quality(7.0));
    video.constant_rate = Ratio::new(25, 1);
    assert_snapshot!(lines(
        Container::Ogg,
        Some(video),
        Some(sound(AudioEncoder::Vorbis, 2))
    ));
}

#[test]
fn webm() {
    let mut video = picture(VideoEncoder::Vp9, Rate::Crf(32.0));
    video.speed = Some("4".into());
    assert_snapshot!(lines(
        Container::Webm,
        Some(video),
        Some(sound(AudioEncoder::Opus, 2))
    ));
}

#[test]
fn mp4_h264_tone_mapped_with_copied_sound() {
    let mut video = picture(VideoEncoder::X264, Rate::BitrateKbps(2500));
    video.tone_map = Some(hdr());
    let audio = AudioSpec {
        stream: 2,
        how: AudioHow::Copy { otherwise: None },
    };
    assert_snapshot!(lines(Container::Mp4, Some(video), Some(audio)));
}

#[test]
fn mp4_h265_in_ten_bits() {
    let mut video = picture(VideoEncoder::X265, Rate::Crf(26.0));
    video.pixel_format = "yuv420p10le".into();
    assert_snapshot!(lines(Container::Mp4, Some(video), None));
}

#[test]
fn mp4_av1() {
    let mut video = picture(VideoEncoder::SvtAv1, Rate::Crf(32.0));
    video.threads = 16;
    assert_snapshot!(lines(Container::Mp4, Some(video), None));
}

#[test]
fn sound_alone() {
    let mp3 = lines(Container::Mp3, None, Some(sound(AudioEncoder::Mp3, 1)));
    let m4a = lines(Container::M4a, None, Some(sound(AudioEncoder::Aac, 8)));
    let opus = lines(Container::Opus, None, Some(sound(AudioEncoder::Opus, 2)));
    assert_snapshot!([mp3, m4a, opus].join("\n\n"));
}

#[test]
fn what_a_file_says_never_becomes_an_argument() {
    let evil = "a,movie=/etc/passwd".to_owned();
    let mut video = picture(VideoEncoder::X264, Rate::Crf(21.0));
    video.pixel_format = evil.clone();
    video.tone_map = Some(Color {
        primaries: evil.clone(),
        transfer: evil.clone(),
        matrix: evil.clone(),
        range: evil,
    });
    assert!(!lines(Container::Mkv, Some(video), None).contains("movie"));
}

#[test]
fn looking_at_sources_and_outputs() {
    assert_snapshot!("probe", argv::probe(&LIMITS, "source").join("\n"));
    assert_snapshot!("measure", argv::measure(&LIMITS, "output").join("\n"));
    assert_snapshot!(
        "decode",
        argv::decode(&LIMITS, Some(0), Some(1), "source").join("\n")
    );
    assert_snapshot!(
        "pictures",
        argv::pictures(&["poster.jpg", "sprite.jpg"]).join("\n")
    );
}

#[test]
fn thumbnails_of_short_and_long_films() {
    let mut spec = ThumbnailsSpec {
        source: Input {
            key: "sources/1".into(),
            bytes: 1,
        },
        limits: LIMITS,
        stream: 1,
        duration_s: 60.0,
        poster: (1280, 720),
        tile: (160, 90),
        grid: (10, 6),
        every_s: 1.0,
        tone_map: None,
        strict: false,
    };
    let line = |spec: &ThumbnailsSpec| {
        argv::thumbnails(spec, "source", "poster.jpg", "sprite.jpg").join("\n")
    };
    assert_snapshot!("short_film", line(&spec));
    spec.duration_s = 7200.0;
    spec.every_s = 72.0;
    spec.tone_map = Some(hdr());
    assert_snapshot!("long_film", line(&spec));
}
