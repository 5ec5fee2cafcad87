//! Damaged sources give what can be decoded, with a warning; bad encodes of sound sources are told apart from them.

use crate::support::{LIMITS, Lab, media, planned};
use reelmill_domain::event::Warning;
use reelmill_domain::output::OutputMedia;
use reelmill_ffmpeg::RunLimits;
use reelmill_ffmpeg::verify::{Mismatch, decodable, judge, judge_damaged};
use std::path::{Path, PathBuf};

fn film(lab: &Lab, name: &str) -> PathBuf {
    let args = format!(
        "-stream_loop 1 -i {} -t 6 -vf scale=128:72 -c:v libx264 -preset veryfast -bf 2 -g 25 -c:a aac -ac 2",
        media("bigbuckbunny.mp4").display()
    );
    lab.make(&args, name)
}

/// Probe, plan, encode, measure; judged against the plan, and failing that against what can be decoded.
pub async fn outcome(lab: &Lab, source: &Path, preset: &str) -> (OutputMedia, Vec<Warning>) {
    let media = lab.probe(source).await.expect("a source");
    let (spec, assemble) = planned(&media, preset);
    let output = lab.path("out");
    let encoded = lab.encode(&spec, source, &output).await;
    let encoded = encoded.unwrap_or_else(|e| panic!("{preset}: {e}\n{}", e.log_tail));
    let assemble = match encoded.sound_made_anew {
        true => assemble.with_sound_made_anew().expect("foreseen"),
        false => assemble,
    };
    let measured = lab.measure(&output).await;
    let wrong = match judge(&assemble.expect, &measured) {
        Ok(made) => return (made, encoded.warnings()),
        Err(wrong) => wrong,
    };
    let run = RunLimits::default();
    let can = decodable(
        &lab.tools,
        source,
        &media,
        &LIMITS,
        &run,
        |_| {},
        &lab.cancel,
    )
    .await
    .expect("decoded");
    judge_damaged(&assemble.expect, &measured, &can, &media).unwrap_or_else(|still| {
        panic!(
            "{preset}: {wrong:?}\nstill {still:?}\n{can:?}\n{measured:#?}\n{}",
            encoded.log_tail
        )
    })
}

#[tokio::test]
async fn a_film_that_is_cut_off_gives_its_first_half() {
    let lab = Lab::new();
    for name in ["whole.mkv", "whole.avi", "whole.ts", "whole.mpg"] {
        let whole = match name {
            "whole.mpg" => lab.make(
                &format!("-i {} -c copy", media("cityCC0.mpg").display()),
                name,
            ),
            _ => film(&lab, name),
        };
        let cut = lab.cut(&whole, 0.5, &format!("cut-{name}"));
        let found = lab.probe(&cut).await.expect("half a film");
        assert!(
            found.duration_s > 1.0 && found.duration_s < 5.0,
            "{name}: {}",
            found.duration_s
        );
        for preset in ["mkv", "avi"] {
            let (made, _) = outcome(&lab, &cut, preset).await;
            assert!(
                (made.duration_s - found.duration_s).abs() < 0.3,
                "{name} {preset}: {made:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_cut_is_noticed_by_the_probe() {
    let lab = Lab::new();
    let whole = film(&lab, "whole.mkv");
    let mp4 = lab.make("-i whole.mkv -c copy -movflags +faststart", "whole.mp4");
    for (whole, name) in [(whole, "cut.mkv"), (mp4, "cut.mp4")] {
        let sound = lab.probe(&whole).await.expect("a film");
        assert_eq!(sound.damage, Vec::<String>::new());
        let cut = lab.cut(&whole, 0.5, name);
        let found = lab.probe(&cut).await.expect("half a film");
        assert!((found.declared_duration_s - 6.0).abs() < 0.2, "{name}");
        assert!(found.duration_s < 4.5, "{name}");
        assert_eq!(
            found.damage,
            ["The file ends in the middle of the film."],
            "{name}"
        );
        for preset in ["ogg", "webm"] {
            outcome(&lab, &cut, preset).await;
        }
    }
}

#[tokio::test]
async fn rubbish_in_the_middle_costs_what_it_hit() {
    let lab = Lab::new();
    for name in ["whole.mkv", "whole.mp4", "whole.ts", "whole.avi"] {
        let whole = film(&lab, name);
        let broken = lab.corrupt(&whole, 9_000, &format!("broken-{name}"));
        for preset in ["mkv", "avi"] {
            let (made, warnings) = outcome(&lab, &broken, preset).await;
            let told = !warnings.is_empty()
                || !lab.probe(&broken).await.expect("a film").damage.is_empty();
            assert!(told, "{name} {preset}: the owner must be told");
            assert!(
                made.frames.is_some_and(|n| n > 60),
                "{name} {preset}: {made:?} {warnings:?}"
            );
        }
    }
}

/// The mismatches of a file against the plan of a sound source.
async fn found_wrong(lab: &Lab, source: &Path, preset: &str, output: &Path) -> Vec<Mismatch> {
    let media = lab.probe(source).await.expect("a source");
    let (_, assemble) = planned(&media, preset);
    judge(&assemble.expect, &lab.measure(output).await).expect_err("wrong")
}

#[tokio::test]
async fn bad_encodes_never_pass() {
    let lab = Lab::new();
    let source = film(&lab, "source.mp4");
    for (args, code) in [
        ("-i source.mp4 -an -c:v copy", "no_sound"),
        ("-i source.mp4 -vn -c:a copy", "no_picture"),
        (
            "-i source.mp4 -c:a copy -c:v libx264 -vf scale=96:54",
            "wrong_size",
        ),
        (
            "-i source.mp4 -c:a copy -c:v libx264 -vf select=not(eq(n\\,70)) -fps_mode vfr",
            "wrong_frames",
        ),
        ("-i source.mp4 -c:a copy -c:v mpeg4", "wrong_video_codec"),
        (
            "-i source.mp4 -c:v copy -c:a libmp3lame",
            "wrong_audio_codec",
        ),
        ("-i source.mp4 -c:v copy -c:a aac -ac 1", "wrong_channels"),
        (
            "-i source.mp4 -itsoffset 0.2 -i source.mp4 -map 0:v -map 1:a -c copy",
            "out_of_sync",
        ),
        (
            "-i source.mp4 -c:v copy -c:a aac -af atrim=0:5.6",
            "wrong_sound_length",
        ),
        ("-i source.mp4 -c copy -t 3", "wrong_length"),
        ("-i source.mp4 -map 0 -map 0:a -c copy", "stray_streams"),
        ("-i source.mp4 -c copy -f mp4", "wrong_container"),
    ] {
        let output = lab.make(args, "bad.mkv");
        let wrong = found_wrong(&lab, &source, "mkv", &output).await;
        assert!(wrong.iter().any(|m| m.code == code), "{args}: {wrong:?}");
    }
}

#[tokio::test]
async fn outputs_that_were_hit_after_they_were_made_never_pass() {
    let lab = Lab::new();
    film(&lab, "film.mp4");
    let source = lab.make("-i film.mp4 -t 2 -c copy", "source.mp4");
    for preset in [
        "avi",
        "mkv",
        "ogg",
        "webm",
        "mp4-av1",
        "audio-mp3",
        "audio-m4a",
        "audio-opus",
    ] {
        lab.make_output(&source, preset).await;
        let good = lab.path(&format!("{preset}.out"));
        let cut = lab.cut(&good, 0.7, "cut");
        let run = RunLimits::default();
        let opened =
            reelmill_ffmpeg::verify::measure(&lab.tools, &cut, &run, |_| {}, &lab.cancel).await;
        if opened.is_ok() {
            let wrong = found_wrong(&lab, &source, preset, &cut).await;
            assert!(!wrong.is_empty(), "{preset}");
        }
        let hit = lab.corrupt(&good, 3_000, "hit");
        let wrong = found_wrong(&lab, &source, preset, &hit).await;
        assert!(!wrong.is_empty(), "{preset}");
    }
}

#[tokio::test]
async fn a_film_that_changes_its_size_on_the_way_is_held_to_the_first() {
    let lab = Lab::new();
    let part = |size: &str| {
        let args = format!(
            "-f lavfi -i testsrc2=s={size}:r=25:d=1 -f lavfi -i sine=d=1 -c:v mpeg2video -b:v 1M -c:a mp2"
        );
        std::fs::read(lab.make(&args, "part.ts")).expect("read")
    };
    let (small, large) = (part("160x120"), part("240x180"));
    for (bytes, size) in [
        ([&small[..], &large[..]].concat(), (Some(160), Some(120))),
        ([&large[..], &small[..]].concat(), (Some(240), Some(180))),
    ] {
        let source = lab.write("joined.ts", bytes);
        for preset in ["avi", "mkv", "webm", "ogg"] {
            let (made, warnings) = outcome(&lab, &source, preset).await;
            assert_eq!((made.width, made.height), size, "{preset}");
            // The decoder begins anew with the new size, and keeps one frame to itself.
            assert!(made.frames.is_some_and(|n| n >= 49), "{preset}: {made:?}");
            assert_eq!(warnings, [], "{preset}");
        }
    }
}
