//! Expectation against measurement. Pure; says everything that is wrong, not just the first thing.

use super::{Measured, MeasuredAudio, MeasuredVideo};
use reelmill_domain::output::OutputMedia;
use reelmill_domain::spec::{ExpectAudio, ExpectVideo, Expectation, Frames};
use std::fmt;

/// One thing that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Stable, for programs.
    pub code: &'static str,
    /// In plain words.
    pub message: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Accepts a measured output, or lists everything that is wrong with it.
///
/// # Errors
/// At least one mismatch.
pub fn judge(expect: &Expectation, measured: &Measured) -> Result<OutputMedia, Vec<Mismatch>> {
    let mut found = Findings::default();
    let named = measured.container.split(',');
    found.unless(
        named.into_iter().any(|name| name == expect.container),
        "wrong_container",
        || format!("it is {}, not {}", measured.container, expect.container),
    );
    match (&expect.video, &measured.video) {
        (Some(expect), Some(got)) => video(&mut found, expect, got),
        (Some(_), None) => found.add("no_picture", "it has no picture".into()),
        (None, Some(_)) => found.add("stray_picture", "it has a picture, and should not".into()),
        (None, None) => {}
    }
    match (&expect.audio, &measured.audio) {
        (Some(sound), Some(got)) => audio(&mut found, expect, sound, measured, got),
        (Some(_), None) => found.add("no_sound", "it has no sound".into()),
        (None, Some(_)) => found.add("stray_sound", "it has sound, and should not".into()),
        (None, None) => {}
    }
    found.unless(measured.extra_streams == 0, "stray_streams", || {
        format!("it has {} streams too many", measured.extra_streams)
    });
    found.unless(measured.error_count == 0, "decode_errors", || {
        let first = measured.errors.first().map_or("", String::as_str);
        format!(
            "decoding it gave {} errors, the first: {first}",
            measured.error_count
        )
    });
    if found.0.is_empty() {
        Ok(media(measured))
    } else {
        Err(found.0)
    }
}

#[derive(Default)]
struct Findings(Vec<Mismatch>);

impl Findings {
    fn add(&mut self, code: &'static str, message: String) {
        self.0.push(Mismatch { code, message });
    }

    fn unless(&mut self, fine: bool, code: &'static str, message: impl FnOnce() -> String) {
        if !fine {
            self.add(code, message());
        }
    }
}

fn video(found: &mut Findings, expect: &ExpectVideo, got: &MeasuredVideo) {
    found.unless(got.codec == expect.codec, "wrong_video_codec", || {
        format!("its picture is {}, not {}", got.codec, expect.codec)
    });
    found.unless(
        (got.width, got.height) == (expect.width, expect.height),
        "wrong_size",
        || {
            format!(
                "its picture is {}×{}, not {}×{}",
                got.width, got.height, expect.width, expect.height
            )
        },
    );
    let (count, off) = match expect.frames {
        Frames::Exactly(count) => (count, 0),
        Frames::About { count, off } => (count, off),
    };
    found.unless(got.frames.abs_diff(count) <= off, "wrong_frames", || {
        format!("it has {} frames, not {count}", got.frames)
    });
    found.unless(got.lost == 0, "lost_frames", || {
        format!("{} of the frames in it did not come out", got.lost)
    });
    found.unless(got.unordered == 0, "unordered_frames", || {
        format!("{} of its frames are out of order", got.unordered)
    });
    let length_s = got.end_s - got.start_s;
    found.unless(
        near(length_s, expect.duration_s, expect.tolerance_s),
        "wrong_length",
        || {
            format!(
                "its picture lasts {length_s:.3} s, not {:.3} s",
                expect.duration_s
            )
        },
    );
}

fn audio(
    found: &mut Findings,
    expect: &Expectation,
    sound: &ExpectAudio,
    measured: &Measured,
    got: &MeasuredAudio,
) {
    found.unless(got.codec == sound.codec, "wrong_audio_codec", || {
        format!("its sound is {}, not {}", got.codec, sound.codec)
    });
    found.unless(got.channels == sound.channels, "wrong_channels", || {
        format!(
            "its sound has {} channels, not {}",
            got.channels, sound.channels
        )
    });
    let length_s = got.end_s - got.start_s;
    let offset_s = measured
        .video
        .as_ref()
        .map_or(0.0, |picture| got.start_s - picture.start_s);
    found.unless(
        near(length_s, sound.duration_s, sound.tolerance_s),
        "wrong_sound_length",
        || {
            format!(
                "its sound lasts {length_s:.3} s, not {:.3} s",
                sound.duration_s
            )
        },
    );
    let with_picture = expect.video.is_some() && measured.video.is_some();
    found.unless(
        !with_picture || near(offset_s, sound.offset_s, sound.drift_s),
        "out_of_sync",
        || {
            format!(
                "its sound starts {offset_s:.3} s after the picture, not {:.3} s",
                sound.offset_s
            )
        },
    );
}

fn near(got: f64, expected: f64, tolerance: f64) -> bool {
    // A little for times that are printed with six digits.
    (got - expected).abs() <= tolerance + 1e-5
}

fn media(measured: &Measured) -> OutputMedia {
    let picture = measured.video.as_ref();
    let sound = measured.audio.as_ref();
    let start = |f: fn(f64, f64) -> f64, a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => f(a, b),
        (a, b) => a.or(b).unwrap_or(0.0),
    };
    let from = start(
        f64::min,
        picture.map(|v| v.start_s),
        sound.map(|a| a.start_s),
    );
    let to = start(f64::max, picture.map(|v| v.end_s), sound.map(|a| a.end_s));
    OutputMedia {
        duration_s: thousandths((to - from).max(0.0)),
        width: picture.map(|v| v.width),
        height: picture.map(|v| v.height),
        fps: picture.and_then(|v| {
            let length_s = v.end_s - v.start_s;
            (length_s > 0.0).then(|| thousandths(v.frames as f64 / length_s))
        }),
        frames: picture.map(|v| v.frames),
        video_codec: picture.map(|v| v.codec.clone()),
        audio_codec: sound.map(|a| a.codec.clone()),
        audio_channels: sound.map(|a| a.channels),
    }
}

fn thousandths(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::verify) fn expectation() -> Expectation {
        Expectation {
            container: "matroska".into(),
            video: Some(ExpectVideo {
                codec: "h264".into(),
                width: 640,
                height: 360,
                frames: Frames::Exactly(250),
                duration_s: 10.0,
                tolerance_s: 0.05,
            }),
            audio: Some(ExpectAudio {
                codec: "aac".into(),
                channels: 2,
                duration_s: 10.0,
                tolerance_s: 0.1,
                drift_s: 0.05,
                offset_s: 0.0,
                copied: false,
                otherwise: None,
            }),
        }
    }

    pub(in crate::verify) fn measured() -> Measured {
        Measured {
            container: "matroska,webm".into(),
            declared_duration_s: 10.02,
            video: Some(MeasuredVideo {
                codec: "h264".into(),
                width: 640,
                height: 360,
                pixel_format: "yuv420p".into(),
                frames: 250,
                lost: 0,
                rate: 25.0,
                start_s: 0.021,
                end_s: 10.021,
                unordered: 0,
            }),
            audio: Some(MeasuredAudio {
                codec: "aac".into(),
                channels: 2,
                sample_rate: 48_000,
                samples: 481_024,
                start_s: 0.0,
                end_s: 10.021,
            }),
            ..Measured::default()
        }
    }

    fn codes(expect: &Expectation, measured: &Measured) -> Vec<&'static str> {
        let wrong = judge(expect, measured).expect_err("not as expected");
        wrong.iter().map(|m| m.code).collect()
    }

    #[test]
    fn what_is_as_expected_passes_with_its_numbers() {
        let media = judge(&expectation(), &measured()).expect("as expected");
        assert_eq!(media.frames, Some(250));
        assert_eq!(media.fps, Some(25.0));
        assert_eq!(media.duration_s, 10.021);
        assert_eq!(media.audio_channels, Some(2));
    }

    #[test]
    fn each_fault_is_named_in_words() {
        type Break = fn(&mut Measured);
        let faults: [(&str, Break); 13] = [
            ("wrong_container", |m| m.container = "avi".into()),
            ("no_picture", |m| m.video = None),
            ("no_sound", |m| m.audio = None),
            ("wrong_video_codec", |m| {
                m.video.as_mut().unwrap().codec = "vp9".into()
            }),
            ("wrong_size", |m| m.video.as_mut().unwrap().height = 358),
            ("wrong_frames", |m| m.video.as_mut().unwrap().frames = 249),
            ("lost_frames", |m| m.video.as_mut().unwrap().lost = 1),
            ("unordered_frames", |m| {
                m.video.as_mut().unwrap().unordered = 1
            }),
            ("wrong_length", |m| m.video.as_mut().unwrap().end_s = 9.9),
            ("wrong_audio_codec", |m| {
                m.audio.as_mut().unwrap().codec = "mp3".into()
            }),
            ("wrong_channels", |m| m.audio.as_mut().unwrap().channels = 6),
            ("stray_streams", |m| m.extra_streams = 1),
            ("decode_errors", |m| {
                m.error_count = 3;
                m.errors = vec!["[h264] error while decoding MB 3 4".into()];
            }),
        ];
        for (code, fault) in faults {
            let mut broken = measured();
            fault(&mut broken);
            assert_eq!(codes(&expectation(), &broken), [code]);
        }
    }

    #[test]
    fn streams_that_should_not_be_there_are_named() {
        let mut expect = expectation();
        expect.audio = None;
        assert_eq!(codes(&expect, &measured()), ["stray_sound"]);
        let mut expect = expectation();
        expect.video = None;
        assert_eq!(codes(&expect, &measured()), ["stray_picture"]);
    }

    #[test]
    fn sound_that_is_late_or_long_is_found() {
        let mut late = measured();
        let sound = late.audio.as_mut().unwrap();
        sound.start_s += 0.2;
        sound.end_s += 0.2;
        assert_eq!(codes(&expectation(), &late), ["out_of_sync"]);
        let mut long = measured();
        long.audio.as_mut().unwrap().end_s += 0.2;
        assert_eq!(codes(&expectation(), &long), ["wrong_sound_length"]);
    }

    #[test]
    fn a_made_rate_has_some_room() {
        let mut expect = expectation();
        expect.video.as_mut().unwrap().frames = Frames::About { count: 252, off: 2 };
        judge(&expect, &measured()).expect("within reach");
        expect.video.as_mut().unwrap().frames = Frames::About { count: 253, off: 2 };
        assert_eq!(codes(&expect, &measured()), ["wrong_frames"]);
    }
}
