//! Judges an output that falls short of its source: against what of the source can be decoded at all. Pure.

use super::{Decodable, Measured, Mismatch, judge};
use reelmill_domain::event::Warning;
use reelmill_domain::output::OutputMedia;
use reelmill_domain::spec::{Expectation, Frames};

/// Damage moves the ends of streams about; this much is allowed beside the plan's own tolerances, in seconds.
const SLACK_S: f64 = 0.1;

/// Like [`super::judge`], but against what of the source can be decoded. `declared_s` is the length that the source
/// declares. No warning means that the source is whole and merely has packets that are never shown.
///
/// # Errors
/// The output is not even what could be decoded.
pub fn judge_damaged(
    expect: &Expectation,
    measured: &Measured,
    decodable: &Decodable,
    declared_s: f64,
) -> Result<(OutputMedia, Vec<Warning>), Vec<Mismatch>> {
    let media = judge(&lowered(expect, decodable), measured)?;
    let warning = damage(expect, decodable, declared_s);
    Ok((media, warning.into_iter().collect()))
}

/// The expectation, brought down to what there is.
fn lowered(expect: &Expectation, decodable: &Decodable) -> Expectation {
    let mut expect = expect.clone();
    if let Some(video) = &mut expect.video {
        video.frames = match video.frames {
            Frames::Exactly(_) => Frames::Exactly(decodable.frames),
            Frames::About { count, off } => {
                let share = decodable.duration_s / video.duration_s.max(f64::MIN_POSITIVE);
                Frames::About {
                    count: (count as f64 * share).round() as u64,
                    off: off + 1,
                }
            }
        };
        video.duration_s = decodable.duration_s;
        video.tolerance_s += SLACK_S;
    }
    if let Some(audio) = &mut expect.audio {
        audio.duration_s = decodable.audio_s;
        audio.offset_s = decodable.offset_s;
        audio.tolerance_s += SLACK_S;
    }
    expect
}

fn damage(expect: &Expectation, decodable: &Decodable, declared_s: f64) -> Option<Warning> {
    let missing = |expected: f64, got: f64, tolerance: f64| expected - got > tolerance + SLACK_S;
    let picture = expect
        .video
        .as_ref()
        .is_some_and(|v| missing(v.duration_s, decodable.duration_s, v.tolerance_s));
    let sound = expect
        .audio
        .as_ref()
        .is_some_and(|a| missing(a.duration_s, decodable.audio_s, a.tolerance_s));
    if !picture && !sound && decodable.error_count == 0 {
        return None;
    }
    let decoded_s = match expect.video {
        Some(_) => decodable.duration_s,
        None => decodable.audio_s,
    };
    let expected_frames = match expect.video.as_ref().map(|v| v.frames) {
        Some(Frames::Exactly(count)) => count,
        _ => 0,
    };
    let frames = match expected_frames.saturating_sub(decodable.frames) {
        0 => String::new(),
        lost => format!(" {lost} of its {expected_frames} frames are lost."),
    };
    Some(Warning {
        code: "source_damaged".into(),
        message: format!(
            "The source is damaged: it declares {declared_s:.1} s, of which {decoded_s:.1} s could be decoded.{frames}"
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
            offset_s: 0.0,
            error_count: 2,
        };
        (got, decodable)
    }

    #[test]
    fn what_could_be_decoded_is_accepted_with_a_warning() {
        let (got, decodable) = half();
        let (media, warnings) =
            judge_damaged(&expectation(), &got, &decodable, 10.0).expect("all there is");
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
        let wrong = judge_damaged(&expectation(), &got, &decodable, 10.0).expect_err("cut");
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
            judge_damaged(&expectation(), &got, &decodable, 10.0).expect("sound source");
        assert_eq!(warnings, []);
    }

    #[test]
    fn a_made_rate_shrinks_with_the_film() {
        let (mut got, decodable) = half();
        let mut expect = expectation();
        expect.video.as_mut().unwrap().frames = Frames::About { count: 250, off: 1 };
        got.video.as_mut().unwrap().frames = 127;
        judge_damaged(&expect, &got, &decodable, 10.0).expect("half of them, and two");
        got.video.as_mut().unwrap().frames = 128;
        assert!(judge_damaged(&expect, &got, &decodable, 10.0).is_err());
    }
}
