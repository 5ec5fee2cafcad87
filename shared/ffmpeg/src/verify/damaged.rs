//! Judges an output that falls short of its source: against what of the source can be decoded at all. Pure.

use super::{Decodable, Measured, Mismatch, judge};
use crate::encode::concealed;
use reelmill_domain::event::Warning;
use reelmill_domain::media::Media;
use reelmill_domain::output::OutputMedia;
use reelmill_domain::preset::Container;
use reelmill_domain::spec::{Expectation, Frames};

/// Damage moves the ends of streams about; this much is allowed beside the plan's own tolerances, in seconds.
const SLACK_S: f64 = 0.1;

/// Like [`super::judge`], but against what of the source, which `media` describes, can be decoded. No warning means
/// that the source is whole and merely has packets that are never shown, or times that don't say all.
///
/// # Errors
/// The output is not even what could be decoded.
pub fn judge_damaged(
    expect: &Expectation,
    measured: &Measured,
    decodable: &Decodable,
    media: &Media,
) -> Result<(OutputMedia, Vec<Warning>), Vec<Mismatch>> {
    let lowered = lowered(expect, decodable);
    let made = if hands_on(expect, measured, decodable) {
        let forgiven = Measured {
            error_count: 0,
            ..measured.clone()
        };
        judge(&lowered, &forgiven)?
    } else {
        judge(&lowered, measured)?
    };
    let warning = damage(expect, decodable, media);
    Ok((made, warning.into_iter().collect()))
}

/// Whether all that decoding the output complains of is sound that was copied from a source whose decoding complains
/// too: the damage is the source's own, and was handed on as it is.
fn hands_on(expect: &Expectation, measured: &Measured, decodable: &Decodable) -> bool {
    let copied = expect.audio.as_ref().filter(|sound| sound.copied);
    copied.is_some_and(|sound| {
        let said = |line: &String| is_said_by(line, &sound.codec);
        decodable.error_count > 0 && measured.errors.iter().all(said)
    })
}

/// `[mp3float] Header missing`: decoders are named after their codec, but for one.
fn is_said_by(line: &str, codec: &str) -> bool {
    let decoder = if codec == "dts" { "dca" } else { codec };
    let tag = line.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    tag.is_some_and(|(name, _)| name.contains(decoder)) || line.contains("Last message repeated")
}

/// The expectation, brought down to what there is.
fn lowered(expect: &Expectation, decodable: &Decodable) -> Expectation {
    let mut expect = expect.clone();
    // AVI's streams all begin with the file: the time before them is filled up.
    let from_zero = expect.container == Container::Avi.demuxer();
    let lead_s = |start_s: f64| if from_zero { start_s } else { 0.0 };
    if let Some(video) = &mut expect.video {
        let duration_s = decodable.duration_s + lead_s(decodable.start_s);
        video.frames = match video.frames {
            Frames::Exactly(_) => Frames::Exactly(decodable.frames),
            Frames::About { count, off } => Frames::About {
                count: if video.duration_s > 0.0 {
                    let share = duration_s / video.duration_s;
                    (count as f64 * share).round() as u64
                } else {
                    decodable.frames
                },
                off: off + 1,
            },
        };
        video.duration_s = duration_s;
        video.tolerance_s += SLACK_S;
    }
    if let Some(audio) = &mut expect.audio {
        audio.duration_s = decodable.audio_s + lead_s(decodable.audio_start_s);
        audio.offset_s = match (from_zero, &expect.video) {
            (false, Some(_)) => decodable.audio_start_s - decodable.start_s,
            _ => 0.0,
        };
        audio.tolerance_s += SLACK_S;
    }
    expect
}

/// What the owner should know. The words follow from the source alone, so that its outputs all say the same.
fn damage(expect: &Expectation, decodable: &Decodable, media: &Media) -> Option<Warning> {
    let missing = |expected: f64, got: f64, tolerance: f64| expected - got > tolerance + SLACK_S;
    let picture = expect
        .video
        .as_ref()
        .is_some_and(|v| missing(v.duration_s, decodable.duration_s, v.tolerance_s));
    let sound = expect
        .audio
        .as_ref()
        .is_some_and(|a| missing(a.duration_s, decodable.audio_s, a.tolerance_s));
    let frames = media.video.as_ref().map_or(0, |v| v.frames);
    let lost = frames.saturating_sub(decodable.frames);
    if !picture && !sound {
        let told = concealed(decodable.error_count)?;
        if lost == 0 {
            return Some(told);
        }
    }
    let decoded_s = match media.video {
        Some(_) => decodable.duration_s,
        None => decodable.audio_s,
    };
    let promised_s = media.declared_duration_s.max(media.duration_s);
    let frames = match lost {
        0 => String::new(),
        lost => format!(" {lost} of its {frames} frames are lost."),
    };
    Some(Warning {
        code: "source_damaged".into(),
        message: format!(
            "The source is damaged: it declares {promised_s:.1} s, of which {decoded_s:.1} s could be decoded.{frames}"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::super::judge::tests::{expectation, measured};
    use super::*;

    fn half() -> (Measured, Decodable) {
        let mut got = measured();
        let video = got.video.as_mut().unwrap();
        video.frames = 125;
        video.end_s = 5.021;
        got.audio.as_mut().unwrap().end_s = 5.08;
        let decodable = Decodable {
            frames: 125,
            duration_s: 5.0,
            audio_s: 5.05,
            error_count: 2,
            ..Decodable::default()
        };
        (got, decodable)
    }

    /// Ten seconds, as the probe saw them.
    fn source() -> Media {
        serde_json::from_str(
            r#"{"container": "matroska,webm", "bytes": 1, "declared_duration_s": 10.0, "duration_s": 10.0,
                "audio": [], "cover_art": false, "damage": [], "video": {"index": 0, "codec": "h264", "width": 640,
                "height": 360, "rotation": "none", "sample_aspect": {"num": 1, "den": 1}, "pixel_format": "yuv420p",
                "bit_depth": 8, "color": {"primaries": "", "transfer": "", "matrix": "", "range": ""},
                "frame_rate": {"num": 25, "den": 1}, "time_base": {"num": 1, "den": 1000}, "frames": 250,
                "keyframes": 1, "first_pts": 0, "duration_s": 10.0, "start_s": 0.0, "variable_rate": false,
                "interlaced": false}}"#,
        )
        .unwrap()
    }

    #[test]
    fn what_could_be_decoded_is_accepted_with_a_warning() {
        let (got, decodable) = half();
        let (media, warnings) =
            judge_damaged(&expectation(), &got, &decodable, &source()).expect("all there is");
        assert_eq!(media.frames, Some(125));
        assert_eq!(warnings.len(), 1);
        assert_eq!(warnings[0].code, "source_damaged");
        assert_eq!(
            warnings[0].message,
            "The source is damaged: it declares 10.0 s, of which 5.0 s could be decoded. \
             125 of its 250 frames are lost."
        );
    }

    #[test]
    fn less_than_could_be_decoded_is_a_bad_encode() {
        let (got, mut decodable) = half();
        decodable.frames = 250;
        decodable.duration_s = 10.0;
        let wrong = judge_damaged(&expectation(), &got, &decodable, &source()).expect_err("cut");
        let codes: Vec<_> = wrong.iter().map(|m| m.code).collect();
        assert_eq!(codes, ["wrong_frames", "wrong_length"]);
    }

    #[test]
    fn packets_that_are_never_shown_are_no_damage() {
        let mut got = measured();
        got.video.as_mut().unwrap().frames = 248;
        let decodable = Decodable {
            frames: 248,
            duration_s: 10.0,
            audio_s: 10.0,
            ..Decodable::default()
        };
        let (_, warnings) =
            judge_damaged(&expectation(), &got, &decodable, &source()).expect("sound source");
        assert_eq!(warnings, []);
    }

    #[test]
    fn a_made_rate_shrinks_with_the_film() {
        let (mut got, decodable) = half();
        let mut expect = expectation();
        expect.video.as_mut().unwrap().frames = Frames::About { count: 250, off: 1 };
        got.video.as_mut().unwrap().frames = 127;
        judge_damaged(&expect, &got, &decodable, &source()).expect("half of them, and two");
        got.video.as_mut().unwrap().frames = 128;
        assert!(judge_damaged(&expect, &got, &decodable, &source()).is_err());
    }

    #[test]
    fn a_film_of_no_length_has_no_endless_count() {
        let (_, decodable) = half();
        let mut expect = expectation();
        let video = expect.video.as_mut().unwrap();
        video.frames = Frames::About { count: 250, off: 1 };
        video.duration_s = 0.0;
        let lowered = lowered(&expect, &decodable).video.unwrap();
        assert_eq!(lowered.frames, Frames::About { count: 125, off: 2 });
    }

    #[test]
    fn only_the_sound_that_was_copied_may_hand_on_its_damage() {
        let mut expect = expectation();
        expect.audio.as_mut().unwrap().copied = true;
        let decodable = Decodable {
            frames: 250,
            duration_s: 10.0,
            audio_s: 10.0,
            error_count: 1,
            ..Decodable::default()
        };
        let mut got = measured();
        got.error_count = 2;
        got.errors = vec![
            "[aac] Input buffer exhausted before END element found".into(),
            "    Last message repeated 1 times".into(),
        ];
        let (_, warnings) = judge_damaged(&expect, &got, &decodable, &source()).expect("handed on");
        assert!(
            warnings[0].message.contains("decoded cleanly"),
            "{warnings:?}"
        );

        let sound = Decodable {
            error_count: 0,
            ..decodable.clone()
        };
        assert!(
            judge_damaged(&expect, &got, &sound, &source()).is_err(),
            "the source is whole"
        );
        let made_anew = expectation();
        assert!(
            judge_damaged(&made_anew, &got, &decodable, &source()).is_err(),
            "not copied"
        );
        got.errors.push("[h264] error while decoding MB 3 4".into());
        assert!(
            judge_damaged(&expect, &got, &decodable, &source()).is_err(),
            "the picture too"
        );
    }
}
