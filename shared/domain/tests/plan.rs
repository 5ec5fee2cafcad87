//! The planner's rules, each on a source that needs it; and whole plans as golden files.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{audio, context, counter, job, media, ordinary, preset, video};
use reelmill_domain::lane::Lane;
use reelmill_domain::media::{Audio, Color, Media, Ratio, Rotation, Video};
use reelmill_domain::plan::{OutputPlan, damage, parts, plan};
use reelmill_domain::preset::Preset;
use reelmill_domain::spec::{
    AudioHow, AudioSpec, EncodeSpec, Expectation, Frames, TaskSpec, ThumbnailsSpec, VideoSpec,
};
use reelmill_domain::task::{Task, TaskState};
use serde_json::json;

fn plan_one(preset: &Preset, media: &Media) -> OutputPlan {
    let mut ids = counter();
    let mut cx = context(&mut ids);
    plan(&job(std::slice::from_ref(preset)), media, &mut cx)
        .remove(0)
        .1
}

fn tasks(preset: &Preset, media: &Media) -> Vec<Task> {
    match plan_one(preset, media) {
        OutputPlan::Make { tasks, .. } => tasks,
        OutputPlan::Skip { reason } => panic!("skipped: {reason}"),
    }
}

fn skipped(preset: &Preset, media: &Media) -> String {
    match plan_one(preset, media) {
        OutputPlan::Skip { reason } => reason,
        OutputPlan::Make { .. } => panic!("not skipped"),
    }
}

fn made(preset: &Preset, media: &Media) -> (EncodeSpec, Expectation) {
    let tasks = tasks(preset, media);
    match (&tasks[0].spec, &tasks[1].spec) {
        (TaskSpec::Encode(encode), TaskSpec::Assemble(assemble)) => {
            (encode.clone(), assemble.expect.clone())
        }
        other => panic!("unexpected tasks: {other:?}"),
    }
}

fn picture(name: &str, source: Video) -> VideoSpec {
    made(&preset(name), &media(Some(source), None))
        .0
        .video
        .unwrap()
}

fn sound(preset: &Preset, source: Audio) -> AudioSpec {
    let media = media(Some(video(640, 360)), Some(source));
    made(preset, &media).0.audio.unwrap()
}

/// Channels, rate and kilobits of encoded sound.
fn encoded(preset: &Preset, source: Audio) -> (u16, u32, u32) {
    match sound(preset, source).how {
        AudioHow::Encode {
            channels,
            sample_rate,
            bitrate_kbps,
            ..
        } => (channels, sample_rate, bitrate_kbps),
        AudioHow::Copy => panic!("copied"),
    }
}

fn size(spec: &VideoSpec) -> (u32, u32, bool) {
    (spec.width, spec.height, spec.scale)
}

fn inline(value: serde_json::Value) -> Preset {
    let serde_json::Value::Object(object) = value else {
        panic!("not an object");
    };
    Preset::from_json(object).unwrap()
}

fn thumbs(source: Video) -> ThumbnailsSpec {
    let tasks = tasks(&preset("thumbnails"), &media(Some(source), None));
    match &tasks[..] {
        [
            Task {
                spec: TaskSpec::Thumbnails(spec),
                ..
            },
        ] => spec.clone(),
        other => panic!("unexpected tasks: {other:?}"),
    }
}

fn hdr(source: Video) -> Video {
    let color = Color {
        primaries: "bt2020".into(),
        transfer: "smpte2084".into(),
        matrix: "bt2020nc".into(),
        range: "tv".into(),
    };
    Video {
        bit_depth: 10,
        pixel_format: "yuv420p10le".into(),
        color,
        ..source
    }
}

#[test]
fn golden_plans() {
    for name in ["avi", "ogg", "mp4-h265", "audio-mp3", "thumbnails"] {
        insta::assert_json_snapshot!(name, tasks(&preset(name), &ordinary()));
    }
    let phone = Video {
        rotation: Rotation::Quarter,
        variable_rate: true,
        frame_rate: Ratio {
            num: 29_500,
            den: 1000,
        },
        start_s: 0.02,
        ..hdr(video(3840, 2160))
    };
    let phone = media(Some(phone), Some(audio(1)));
    insta::assert_json_snapshot!(
        "upright-hdr-phone-film-as-mp4-720p",
        tasks(&preset("mp4-720p"), &phone)
    );
}

#[test]
fn an_output_is_an_encode_and_then_an_assemble() {
    let tasks = tasks(&preset("webm"), &ordinary());
    assert_eq!(tasks.len(), 2);
    assert_eq!(
        (&tasks[0].lane, &tasks[1].lane),
        (&Lane::encode(), &Lane::light())
    );
    assert_eq!(tasks[0].state, TaskState::Ready);
    assert_eq!(tasks[1].state, TaskState::Waiting { on: 1 });
    assert_eq!(tasks[1].needs, [tasks[0].id]);
    assert_eq!(parts(&tasks), 1);
    assert!(tasks.iter().all(|t| t.cost_s > 0.0 && t.attempt == 0));
}

#[test]
fn a_picture_is_never_enlarged_and_always_even() {
    assert_eq!(size(&picture("mkv", video(1280, 720))), (1280, 720, false));
    assert_eq!(size(&picture("mkv", video(641, 359))), (642, 360, false));
    assert_eq!(
        size(&picture("mp4-480p", video(1920, 1080))),
        (854, 480, true)
    );
    assert_eq!(
        size(&picture("mp4-720p", video(1920, 800))),
        (1280, 534, true)
    );
    assert_eq!(
        size(&picture("mp4-480p", video(640, 480))),
        (640, 480, false)
    );
    assert_eq!(
        size(&picture("avi", video(12_000, 6000))),
        (8190, 4096, true)
    );
}

#[test]
fn an_upright_picture_gets_an_upright_box() {
    assert_eq!(
        size(&picture("mp4-720p", video(1080, 1920))),
        (720, 1280, true)
    );
    let turned = Video {
        rotation: Rotation::ThreeQuarters,
        ..video(1920, 1080)
    };
    assert_eq!(size(&picture("mp4-1080p", turned)), (1080, 1920, false));
}

#[test]
fn pixels_become_square() {
    let pal = Video {
        sample_aspect: Ratio { num: 16, den: 11 },
        ..video(720, 576)
    };
    assert_eq!(size(&picture("mkv", pal.clone())), (1048, 576, true));
    assert_eq!(size(&picture("mp4-480p", pal)), (854, 470, true));
    let nonsense = Video {
        sample_aspect: Ratio { num: 1000, den: 1 },
        ..video(640, 360)
    };
    assert_eq!(size(&picture("mkv", nonsense)), (640, 360, false));
}

#[test]
fn a_rung_above_the_source_is_skipped_and_says_so() {
    let small = media(Some(video(1279, 719)), None);
    let reason = skipped(&preset("mp4-720p"), &small);
    assert!(
        reason.contains("1279×719") && reason.contains("1280×720"),
        "{reason}"
    );
    let wide = media(Some(video(1920, 816)), None);
    assert_eq!(
        made(&preset("mp4-1080p"), &wide).0.video.unwrap().height,
        816
    );
    let upright = media(Some(video(700, 1270)), None);
    assert!(skipped(&preset("mp4-720p"), &upright).contains("720×1280"));
}

#[test]
fn a_picture_below_what_the_encoder_takes_is_skipped() {
    let tiny = media(Some(video(48, 48)), None);
    assert!(skipped(&preset("mp4-av1"), &tiny).contains("64×64"));
    assert_eq!(picture("mkv", video(1, 1)).width, 2);
}

#[test]
fn eight_bit_codecs_get_tone_mapped_eight_bits_and_the_others_keep_all() {
    for name in ["avi", "mkv", "ogg", "webm", "mp4-720p"] {
        let spec = picture(name, hdr(video(1920, 1080)));
        assert_eq!(spec.pixel_format, "yuv420p");
        assert_eq!(spec.tone_map.unwrap().transfer, "smpte2084");
    }
    for name in ["mp4-h265", "mp4-av1"] {
        let spec = picture(name, hdr(video(1920, 1080)));
        assert_eq!(
            (spec.pixel_format.as_str(), spec.tone_map),
            ("yuv420p10le", None)
        );
        assert_eq!(picture(name, video(1920, 1080)).pixel_format, "yuv420p");
    }
    let ten_bit = Video {
        bit_depth: 10,
        ..video(640, 360)
    };
    let spec = picture("mkv", ten_bit);
    assert_eq!(
        (spec.pixel_format.as_str(), spec.tone_map),
        ("yuv420p", None)
    );
}

#[test]
fn frames_keep_their_times_unless_the_container_has_none() {
    let rate = |name: &str, num: i64, den: i64, variable_rate: bool| {
        let frame_rate = Ratio { num, den };
        let r = picture(
            name,
            Video {
                frame_rate,
                variable_rate,
                ..video(640, 360)
            },
        )
        .constant_rate;
        r.map(|r| (r.num, r.den))
    };
    for name in ["mkv", "webm", "mp4-260p", "mp4-av1"] {
        assert_eq!(rate(name, 19, 1, true), None);
    }
    for name in ["avi", "ogg"] {
        assert_eq!(rate(name, 25, 1, false), Some((25, 1)));
        assert_eq!(rate(name, 2_997_003, 100_000, false), Some((30_000, 1001)));
        assert_eq!(
            rate(name, 19, 1, true),
            Some((20, 1)),
            "the next above a variable one"
        );
        assert_eq!(
            rate(name, 1000, 1, true),
            Some((120, 1)),
            "nonsense is capped"
        );
        assert_eq!(rate(name, 240, 1, false), Some((120, 1)));
        assert_eq!(rate(name, 1, 4, false), Some((1, 1)));
        assert_eq!(rate(name, 17, 1, false), Some((17, 1)));
        assert_eq!(rate(name, 17_100_003, 1_000_000, false), Some((171, 10)));
        assert_eq!(
            rate(name, 0, 1, false),
            Some((25, 1)),
            "250 frames in ten seconds"
        );
    }
}

#[test]
fn threads_come_from_the_plan() {
    let threads = |name: &str| picture(name, video(640, 360)).threads;
    assert_eq!((threads("mkv"), threads("webm"), threads("ogg")), (3, 2, 1));
}

#[test]
fn keyframes_come_at_least_as_often_as_asked() {
    let ntsc = Video {
        frame_rate: Ratio {
            num: 30_000,
            den: 1001,
        },
        ..video(640, 360)
    };
    assert_eq!(picture("mkv", ntsc).keyframe_interval, Some(150));
    let bare =
        inline(json!({"container": "mkv", "video": {"encoder": "libx264", "rate": {"crf": 20}}}));
    let spec = made(&bare, &media(Some(video(640, 360)), None)).0;
    assert_eq!(spec.video.unwrap().keyframe_interval, None);
}

#[test]
fn sound_is_mixed_down_as_recipe_and_encoder_ask() {
    let with = |encoder: &str, max: serde_json::Value| {
        inline(
            json!({"container": "mkv", "video": {"encoder": "libx264", "rate": {"crf": 20}},
            "audio": {"encoder": encoder, "bitrate_kbps": 192, "max_channels": max}}),
        )
    };
    let channels = |encoder: &str, max: serde_json::Value, source: u16| {
        encoded(&with(encoder, max), audio(source)).0
    };
    assert_eq!(channels("aac", json!(2), 6), 2);
    assert_eq!(channels("aac", json!(null), 6), 6);
    assert_eq!(channels("aac", json!(null), 1), 1);
    assert_eq!(channels("libmp3lame", json!(null), 6), 2);
    assert_eq!(channels("libopus", json!(null), 8), 8);
    assert_eq!(channels("libopus", json!(1), 2), 1);
    for (odd, made) in [(3, 2), (4, 2), (5, 2), (7, 6), (16, 8)] {
        assert_eq!(channels("libvorbis", json!(null), odd), made);
    }
}

#[test]
fn rates_of_sound_are_such_as_the_encoder_takes() {
    let with = |encoder: &str, kbps: u32| {
        inline(
            json!({"container": "mkv", "video": {"encoder": "libx264", "rate": {"crf": 20}},
            "audio": {"encoder": encoder, "bitrate_kbps": kbps}}),
        )
    };
    let at = |rate: u32| Audio {
        sample_rate: rate,
        ..audio(2)
    };
    assert_eq!(encoded(&with("libopus", 128), at(44_100)).1, 48_000);
    assert_eq!(encoded(&with("aac", 128), at(44_100)).1, 44_100);
    assert_eq!(encoded(&with("aac", 128), at(96_000)).1, 48_000);
    assert_eq!(encoded(&with("aac", 128), at(88_200)).1, 44_100);
    assert_eq!(encoded(&with("aac", 128), at(37_000)).1, 48_000);
    assert_eq!(encoded(&with("libmp3lame", 128), at(22_050)).1, 44_100);
    assert_eq!(encoded(&with("libvorbis", 128), at(8_000)).1, 48_000);
    assert_eq!(
        encoded(&with("libvorbis", 8), audio(2)).2,
        64,
        "it refuses less"
    );
    assert_eq!(encoded(&with("libvorbis", 480), audio(1)).2, 240);
    assert_eq!(encoded(&with("libopus", 510), audio(1)).2, 256);
    assert_eq!(encoded(&with("aac", 192), audio(6)).2, 480);
}

#[test]
fn sound_is_copied_where_the_container_can_hold_it() {
    let h265 = preset("mp4-h265");
    let codec = |codec: &str| Audio {
        codec: codec.into(),
        ..audio(6)
    };
    for held in ["aac", "ac3", "eac3", "mp3"] {
        assert_eq!(sound(&h265, codec(held)).how, AudioHow::Copy, "{held}");
    }
    for other in ["vorbis", "pcm_s16le", "dts", "flac"] {
        assert_ne!(sound(&h265, codec(other)).how, AudioHow::Copy, "{other}");
    }
    let media = media(Some(video(640, 360)), Some(codec("ac3")));
    let expected = made(&h265, &media).1.audio.unwrap();
    assert_eq!((expected.codec.as_str(), expected.channels), ("ac3", 6));

    let stereo = inline(
        json!({"container": "mp4", "video": {"encoder": "libx264", "rate": {"crf": 20}},
        "audio": {"encoder": "aac", "bitrate_kbps": 128, "max_channels": 2, "copy_if_possible": true}}),
    );
    assert_ne!(sound(&stereo, audio(6)).how, AudioHow::Copy);
    assert_eq!(sound(&stereo, audio(2)).how, AudioHow::Copy);
}

#[test]
fn what_the_source_lacks_is_left_out_or_skipped_as_the_preset_says() {
    let silent = media(Some(video(640, 360)), None);
    let heard = media(None, Some(audio(2)));
    let (spec, expect) = made(&preset("webm"), &silent);
    assert!(spec.audio.is_none() && expect.audio.is_none());
    assert!(skipped(&preset("audio-mp3"), &silent).contains("no sound"));
    assert!(skipped(&preset("webm"), &heard).contains("no picture"));
    assert!(skipped(&preset("thumbnails"), &heard).contains("no picture"));
    let (spec, expect) = made(&preset("audio-opus"), &heard);
    assert!(spec.video.is_none() && expect.video.is_none());
    assert_eq!(spec.frames, 0);
    let omitting = inline(json!({"container": "mp4",
        "video": {"encoder": "libx264", "rate": {"crf": 20}, "missing": "omit"},
        "audio": {"encoder": "aac", "bitrate_kbps": 128, "missing": "omit"}}));
    assert!(made(&omitting, &heard).0.video.is_none());
    assert!(skipped(&omitting, &media(None, None)).contains("nothing"));
}

#[test]
fn the_expectation_follows_each_streams_own_length_and_offset() {
    let late = Audio {
        start_s: 0.5,
        duration_s: 7.0,
        ..audio(2)
    };
    let source = media(Some(video(640, 360)), Some(late));
    let (spec, expect) = made(&preset("mkv"), &source);
    let (v, a) = (expect.video.unwrap(), expect.audio.unwrap());
    assert_eq!((v.frames, v.duration_s), (Frames::Exactly(250), 10.0));
    assert_eq!((a.duration_s, a.offset_s), (7.0, 0.5));
    assert_eq!((spec.frames, spec.duration_s), (250, 10.0));

    let expect = made(&preset("avi"), &source).1;
    let a = expect.audio.unwrap();
    assert_eq!((a.duration_s, a.offset_s), (7.5, 0.0), "silence first");

    let sound_first = media(
        Some(Video {
            start_s: 1.4,
            ..video(640, 360)
        }),
        Some(Audio {
            start_s: 1.0,
            ..audio(2)
        }),
    );
    let expect = made(&preset("avi"), &sound_first).1;
    let v = expect.video.unwrap();
    assert!(
        (v.duration_s - 10.4).abs() < 1e-9,
        "its first frame stays longer"
    );
    assert_eq!(v.frames, Frames::About { count: 260, off: 1 });
    let expect = made(&preset("audio-mp3"), &sound_first).1;
    assert_eq!(expect.audio.unwrap().duration_s, 10.0);
}

#[test]
fn a_variable_rate_is_allowed_its_uncertain_end() {
    let source = Video {
        variable_rate: true,
        frame_rate: Ratio { num: 20, den: 1 },
        frames: 200,
        ..video(640, 360)
    };
    let exact = made(&preset("mkv"), &media(Some(source.clone()), None))
        .1
        .video
        .unwrap();
    assert_eq!(exact.frames, Frames::Exactly(200));
    let constant = made(&preset("avi"), &media(Some(source), None))
        .1
        .video
        .unwrap();
    assert_eq!(
        constant.frames,
        Frames::About {
            count: 200,
            off: 22
        }
    );
    assert!(constant.tolerance_s < 1.5);
}

#[test]
fn theora_may_leave_out_what_does_not_move_but_not_its_keyframes() {
    let expect = made(&preset("ogg"), &media(Some(video(640, 360)), None))
        .1
        .video
        .unwrap();
    assert_eq!(
        expect.frames,
        Frames::About {
            count: 250,
            off: 245
        }
    );
    assert!((expect.tolerance_s - 2.1).abs() < 1e-9);
}

#[test]
fn thumbnails_are_even_and_spread_over_the_film() {
    let spec = thumbs(video(1920, 1080));
    assert_eq!(
        (spec.poster, spec.tile, spec.grid),
        ((1280, 720), (160, 90), (10, 1))
    );
    assert_eq!(spec.every_s, 1.0);
    let film = Video {
        duration_s: 5400.0,
        frames: 135_000,
        ..video(640, 360)
    };
    let spec = thumbs(film);
    assert_eq!(
        (spec.poster, spec.grid, spec.every_s),
        ((640, 360), (10, 10), 54.0)
    );
    let still = Video {
        duration_s: 0.04,
        frames: 1,
        ..video(101, 75)
    };
    let spec = thumbs(still);
    assert_eq!(
        (spec.poster, spec.tile, spec.grid),
        ((102, 76), (102, 76), (1, 1))
    );
    assert_eq!(thumbs(video(1080, 1920)).tile, (90, 160));
}

#[test]
fn a_source_that_is_shorter_than_it_says_is_damaged() {
    let cut = Media {
        declared_duration_s: 20.0,
        ..ordinary()
    };
    assert_eq!(damage(&cut)[0].code, "source_cut_short");
    let estimated = Media {
        container: "mpegts".into(),
        ..cut
    };
    assert!(damage(&estimated).is_empty(), "it only guesses its length");
    assert!(
        damage(&Media {
            declared_duration_s: 10.9,
            ..ordinary()
        })
        .is_empty()
    );
    let noted = Media {
        damage: vec!["x".into()],
        ..ordinary()
    };
    assert_eq!(damage(&noted)[0].message, "x");
}

#[test]
fn every_output_is_planned_once() {
    let mut ids = counter();
    let mut cx = context(&mut ids);
    let mut job = job(&[preset("avi"), preset("mkv")]);
    let plans = plan(&job, &ordinary(), &mut cx);
    assert_eq!(plans.len(), 2);
    let distinct: std::collections::BTreeSet<_> = plans
        .iter()
        .flat_map(|(_, p)| match p {
            OutputPlan::Make { tasks, .. } => tasks.iter().map(|t| t.id).collect::<Vec<_>>(),
            OutputPlan::Skip { .. } => Vec::new(),
        })
        .collect();
    assert_eq!(distinct.len(), 4);
    job.outputs[0].planned = Some(reelmill_domain::output::Parts::default());
    assert_eq!(plan(&job, &ordinary(), &mut cx).len(), 1);
}
