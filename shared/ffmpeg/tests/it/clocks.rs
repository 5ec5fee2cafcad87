//! Sources whose clocks are odd: the probe measures them as ffmpeg plays them, so that every format of them verifies.

use crate::support::Lab;
use reelmill_domain::media::Ratio;
use std::path::PathBuf;

const FILMS: [&str; 4] = ["avi", "mkv", "ogg", "webm"];

/// A second or two of picture and sound.
fn clip(lab: &Lab, picture: &str, seconds: f64, codecs: &str, name: &str) -> PathBuf {
    lab.make(
        &format!(
            "-f lavfi -i {picture}=s=160x120:r=25:d={seconds} -f lavfi -i sine=d={seconds} -preset ultrafast \
             -pix_fmt yuv420p {codecs}"
        ),
        name,
    )
}

fn join(lab: &Lab, parts: &[PathBuf], name: &str) -> PathBuf {
    let bytes = parts.iter().map(|part| std::fs::read(part).expect("read"));
    lab.write(name, bytes.collect::<Vec<_>>().concat())
}

#[tokio::test]
async fn streams_of_a_program_are_counted_once() {
    let lab = Lab::new();
    let source = clip(&lab, "testsrc2", 0.4, "-c:v mpeg2video -c:a mp2", "film.ts");
    let found = lab.probe(&source).await.expect("a film");
    assert_eq!(found.audio.len(), 1, "{:?}", found.audio);
    assert!(found.audio[0].chosen);
}

#[tokio::test]
async fn joined_transport_streams_are_one_film() {
    let lab = Lab::new();
    let codecs = "-c:v libx264 -bf 2 -c:a aac";
    let long = clip(&lab, "testsrc2", 2.0, codecs, "long.ts");
    let short = clip(&lab, "testsrc", 1.0, codecs, "short.ts");
    let far = clip(
        &lab,
        "testsrc",
        1.0,
        &format!("{codecs} -output_ts_offset 500"),
        "far.ts",
    );
    for (parts, seconds) in [
        (vec![long.clone(), short.clone()], 3.0),
        (vec![short.clone(), far, long], 4.0),
    ] {
        let source = join(&lab, &parts, "joined.ts");
        let found = lab.probe(&source).await.expect("a film");
        assert!(
            (found.duration_s - seconds).abs() < 0.2,
            "{}",
            found.duration_s
        );
        let video = found.video.as_ref().expect("picture");
        assert_eq!(video.frames, (seconds * 25.0) as u64);
        assert_eq!(video.frame_rate, Ratio { num: 25, den: 1 });
        for preset in FILMS {
            let (made, _) = lab.make_output(&source, preset).await;
            assert!(
                (made.duration_s - seconds).abs() < 0.2,
                "{preset}: {made:?}"
            );
        }
    }
}

#[tokio::test]
async fn joined_program_streams_are_one_film() {
    let lab = Lab::new();
    let codecs = "-c:v mpeg2video -b:v 1M -c:a mp2";
    let parts = [
        clip(&lab, "testsrc2", 2.0, codecs, "a.mpg"),
        clip(&lab, "testsrc", 1.0, codecs, "b.mpg"),
    ];
    let source = join(&lab, &parts, "joined.mpg");
    let found = lab.probe(&source).await.expect("a film");
    assert!((found.duration_s - 3.0).abs() < 0.2, "{}", found.duration_s);
    for preset in ["avi", "mkv"] {
        lab.make_output(&source, preset).await;
    }
}

#[tokio::test]
async fn times_below_zero_are_part_of_the_film() {
    let lab = Lab::new();
    for (codecs, name) in [
        ("-c:v libx264 -bf 2 -c:a aac", "reordered.mkv"),
        ("-c:v libx264 -bf 0 -c:a libopus", "in-order.mkv"),
        ("-c:v libvpx -deadline realtime -c:a libvorbis", "web.webm"),
    ] {
        let codecs = format!("{codecs} -output_ts_offset -0.5 -avoid_negative_ts disabled");
        let source = clip(&lab, "testsrc2", 1.2, &codecs, name);
        let found = lab.probe(&source).await.expect("a film");
        let video = found.video.as_ref().expect("picture");
        assert!(video.start_s < -0.3, "{name}: {}", video.start_s);
        assert!(
            (video.duration_s - 1.2).abs() < 0.05,
            "{name}: {}",
            video.duration_s
        );
        for preset in FILMS {
            lab.make_output(&source, preset).await;
        }
    }
}

#[tokio::test]
async fn interlaced_films_are_whole() {
    let lab = Lab::new();
    for (codecs, name) in [
        (
            "-vf interlace -c:v mpeg2video -flags +ildct+ilme -top 1 -c:a mp2",
            "tape.mpg",
        ),
        (
            "-vf interlace=scan=bff -c:v mpeg2video -flags +ildct+ilme -top 0 -bf 2 -c:a mp2",
            "dv.ts",
        ),
        (
            "-vf interlace -c:v libx264 -x264-params tff=1:bframes=2 -c:a aac",
            "air.ts",
        ),
        (
            "-vf interlace -c:v libx264 -x264-params tff=1 -c:a aac",
            "air.mp4",
        ),
    ] {
        let source = clip(&lab, "testsrc2", 1.0, codecs, name);
        let found = lab.probe(&source).await.expect("a film");
        let video = found.video.as_ref().expect("picture");
        assert!(video.interlaced, "{name}");
        let frames = video.frames;
        for preset in ["avi", "mkv", "ogg"] {
            let (made, _) = lab.make_output(&source, preset).await;
            assert_eq!(made.frames, Some(frames), "{name} {preset}");
        }
    }
}
