//! Copied sound: what is damaged of it is handed on, or made anew where the muxer gives up over it.

use crate::damaged::outcome;
use crate::support::fake::{limits, script};
use crate::support::{LIMITS, Lab, planned};
use reelmill_domain::preset::Container;
use reelmill_domain::spec::{AudioHow, EncodeSpec};
use reelmill_ffmpeg::verify::{decodable, judge_damaged};
use reelmill_ffmpeg::{RunError, RunLimits, encode};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A header of E-AC-3 in front of AC-3's own data: one block in a frame of the same length. The MP4 muxer counts blocks, and
/// gives up at the whole frame that follows.
const SHORT_FRAME: [u8; 6] = [0x0b, 0x77, 0x01, 0x7f, 0x04, 0x80];

/// In the first packet it looks like ADTS: muxers that want AAC without that turn their parser on, which then fails.
const ADTS: [u8; 8] = [0xff; 8];

/// Four seconds of noise, the same on every machine.
fn noise(lab: &Lab, codec: &str) -> PathBuf {
    let args = format!(
        "-f lavfi -i color=gray:s=128x72:r=5:d=4 -f lavfi -i anoisesrc=d=4:a=0.3:r=48000:seed=7 \
         -threads 1 -c:v libx264 -c:a {codec} -b:a 192k"
    );
    lab.make(&args, "whole.mp4")
}

/// A copy whose sound has other bytes at the start of one packet: the first, or the one in the middle.
fn hit(lab: &Lab, whole: &Path, middle: bool, with: &[u8]) -> PathBuf {
    let listed = Command::new(&lab.tools.ffprobe)
        .args(["-v", "error", "-select_streams", "a:0"])
        .args(["-show_entries", "packet=pos", "-of", "csv=p=0"])
        .arg(whole)
        .output()
        .expect("ffprobe runs");
    let listed = String::from_utf8(listed.stdout).expect("text");
    let packets: Vec<usize> = listed
        .lines()
        .filter_map(|line| line.trim_end_matches(',').parse().ok())
        .collect();
    let at = packets[if middle { packets.len() / 2 } else { 0 }];
    let mut bytes = std::fs::read(whole).expect("read");
    bytes[at..at + with.len()].copy_from_slice(with);
    lab.write("hit.mp4", bytes)
}

fn is_copied(spec: &EncodeSpec) -> bool {
    let sound = spec.audio.as_ref().expect("sound");
    matches!(sound.how, AudioHow::Copy { .. })
}

#[tokio::test]
async fn damage_in_copied_sound_is_handed_on_with_a_warning() {
    let lab = Lab::new();
    for codec in ["aac", "libmp3lame", "ac3"] {
        let whole = noise(&lab, codec);
        let broken = lab.corrupt(&whole, 3_000, "broken.mp4");
        let found = lab.probe(&broken).await.expect("a film");
        assert_eq!(found.damage, Vec::<String>::new(), "only decoding shows it");
        let (spec, assemble) = planned(&found, "mp4-h265");
        assert!(is_copied(&spec), "{codec}");
        let (made, warnings) = outcome(&lab, &broken, "mp4-h265").await;
        assert!((made.duration_s - 4.0).abs() < 0.3, "{codec}: {made:?}");
        assert_eq!(warnings.len(), 1, "{codec}");
        assert_eq!(warnings[0].code, "source_damaged");

        // The very same errors in the copy of a whole source are a bad output.
        let measured = lab.measure(&lab.path("out")).await;
        assert!(
            measured.error_count > 0,
            "{codec}: the copy is as broken as the source"
        );
        let run = RunLimits::default();
        let can = decodable(
            &lab.tools,
            &whole,
            &found,
            &LIMITS,
            &run,
            |_| {},
            &lab.cancel,
        )
        .await
        .expect("decoded");
        assert!(judge_damaged(&assemble.expect, &measured, &can, &found).is_err());
    }
}

#[tokio::test]
async fn sound_that_the_muxer_refuses_is_made_anew() {
    let lab = Lab::new();
    for (codec, middle, with) in [
        ("ac3", true, &SHORT_FRAME[..]),
        ("eac3", true, &SHORT_FRAME[..]),
        ("aac", false, &ADTS[..]),
    ] {
        let source = hit(&lab, &noise(&lab, codec), middle, with);
        let found = lab.probe(&source).await.expect("a film");
        let (spec, _) = planned(&found, "mp4-h265");
        assert!(is_copied(&spec), "{codec}");
        let mut hopeless = spec.clone();
        hopeless.audio.as_mut().expect("sound").how = AudioHow::Copy { otherwise: None };
        let refused = lab.encode(&hopeless, &source, &lab.path("out")).await;
        let refused = refused.expect_err("the fault hit");
        assert_eq!(refused.code(), "ffmpeg_failed", "{codec}");
        assert!(
            refused.to_string().contains("refused"),
            "{codec}: {refused}"
        );

        let (made, warnings) = outcome(&lab, &source, "mp4-h265").await;
        assert!((made.duration_s - 4.0).abs() < 0.3, "{codec}: {made:?}");
        assert_eq!(made.audio_codec.as_deref(), Some("aac"), "{codec}");
        assert!(
            warnings.iter().all(|w| w.code == "source_damaged")
                && warnings.iter().any(|w| w.message.contains("anew")),
            "{codec}: {warnings:?}"
        );
    }
}

#[tokio::test]
async fn other_containers_refuse_sound_too() {
    let lab = Lab::new();
    let source = hit(&lab, &noise(&lab, "aac"), false, &ADTS);
    let found = lab.probe(&source).await.expect("a film");
    for container in [Container::Mkv, Container::M4a] {
        let (mut spec, _) = planned(&found, "mp4-h265");
        spec.container = container;
        spec.video = spec.video.filter(|_| container != Container::M4a);
        assert!(is_copied(&spec));
        let made = lab.encode(&spec, &source, &lab.path("out")).await;
        let made = made.unwrap_or_else(|e| panic!("{container:?}: {e}\n{}", e.log_tail));
        assert!(made.sound_made_anew, "{container:?}: the fault missed");
        assert_eq!(lab.measure(&lab.path("out")).await.error_count, 0);
    }
}

/// Encodes with a stand-in that says something and fails; how often it was started, and what came of it.
async fn said(lab: &Lab, spec: &EncodeSpec, words: &str) -> (usize, RunError) {
    let tools = script(
        lab,
        &format!("echo x >> starts; echo '{words}' >&2; exit 1"),
    );
    let _ = std::fs::remove_file(lab.path("starts"));
    let (source, output) = (lab.write("source", "a film"), lab.path("out"));
    let limits = limits(60_000, 60_000);
    let ended = encode::encode(&tools, spec, &source, &output, &limits, |_| {}, &lab.cancel);
    let error = ended.await.expect_err("it fails");
    let starts = std::fs::read_to_string(lab.path("starts")).expect("it was started");
    (starts.lines().count(), error)
}

#[tokio::test]
async fn no_other_failure_is_tried_anew() {
    let lab = Lab::new();
    let found = lab.probe(&noise(&lab, "ac3")).await.expect("a film");
    let (copying, _) = planned(&found, "mp4-h265");
    let (making, _) = planned(&found, "mkv");
    let writing = "[error] av_interleaved_write_frame(): ";
    let submitting = "[vost#0:0/libx265] [error] Error submitting a packet to the muxer: ";
    let invalid = "Invalid data found when processing input";
    for words in [
        format!("{writing}{invalid}"),
        format!("{submitting}{invalid}"),
    ] {
        let (starts, error) = said(&lab, &copying, &words).await;
        assert_eq!((starts, error.code()), (2, "ffmpeg_failed"), "{words}");
        assert_eq!(said(&lab, &making, &words).await.0, 1, "{words}");
    }
    for (words, code) in [
        (format!("{writing}No space left on device"), "disk_full"),
        (format!("{writing}Input/output error"), "ffmpeg_failed"),
        (
            format!("{submitting}Cannot allocate memory"),
            "ffmpeg_failed",
        ),
        (
            format!("[error] file:source: {invalid}"),
            "source_unreadable",
        ),
        ("[fatal] Unknown encoder libx265".into(), "encoder_missing"),
        (
            format!("[error] Error while decoding stream #0:1: {invalid}"),
            "ffmpeg_failed",
        ),
    ] {
        let (starts, error) = said(&lab, &copying, &words).await;
        assert_eq!((starts, error.code()), (1, code), "{words}");
    }
}
