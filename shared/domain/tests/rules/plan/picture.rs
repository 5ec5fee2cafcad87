//! Size, depth, rate and threads of the picture.

use super::*;

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
