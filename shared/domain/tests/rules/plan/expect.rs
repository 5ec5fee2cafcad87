//! What is expected of a made file.

use super::*;

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
    assert_eq!(v.frames, Frames::About { count: 250, off: 1 });
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
fn theora_may_lack_a_page_of_a_still_end() {
    let expect = made(&preset("ogg"), &media(Some(video(640, 360)), None))
        .1
        .video
        .unwrap();
    assert_eq!(
        expect.frames,
        Frames::About {
            count: 250,
            off: 26
        }
    );
    assert!((expect.tolerance_s - 1.1).abs() < 1e-9);
}
