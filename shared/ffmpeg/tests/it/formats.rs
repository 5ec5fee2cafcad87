//! Every shipped preset on real clips: what the planner expects is what comes out, and it is the same every time.

use crate::support::{Lab, media, planned};
use reelmill_ffmpeg::verify::judge;

const FILMS: [&str; 4] = ["avi", "mkv", "ogg", "webm"];

/// Two seconds of the clip in the repository, small enough to encode quickly, with its 5.1 sound.
fn bunny(lab: &Lab) -> std::path::PathBuf {
    let args = format!(
        "-i {} -t 2 -vf scale=160:90 -c:v libx264 -preset ultrafast -bf 2 -c:a copy",
        media("bigbuckbunny.mp4").display()
    );
    lab.make(&args, "bunny.mp4")
}

#[tokio::test]
async fn the_four_formats_of_the_brief() {
    let lab = Lab::new();
    let source = bunny(&lab);
    for (preset, codecs, channels) in [
        ("avi", ("mpeg4", "mp3"), 2),
        ("mkv", ("h264", "aac"), 6),
        ("ogg", ("theora", "vorbis"), 2),
        ("webm", ("vp9", "opus"), 2),
    ] {
        let (made, measured) = lab.make_output(&source, preset).await;
        assert_eq!(made.video_codec.as_deref(), Some(codecs.0));
        assert_eq!(made.audio_codec.as_deref(), Some(codecs.1));
        assert_eq!(made.audio_channels, Some(channels), "{preset}");
        assert_eq!((made.width, made.height), (Some(160), Some(90)));
        assert_eq!(made.frames, Some(50), "{preset}");
        assert_eq!(measured.extra_streams, 0);
    }
}

#[tokio::test]
async fn newer_codecs_and_sound_alone() {
    let lab = Lab::new();
    let source = bunny(&lab);
    for preset in [
        "mp4-h265",
        "mp4-av1",
        "audio-mp3",
        "audio-m4a",
        "audio-opus",
    ] {
        let (made, _) = lab.make_output(&source, preset).await;
        assert!(
            made.duration_s > 1.9 && made.duration_s < 2.2,
            "{preset}: {made:?}"
        );
    }
}

#[tokio::test]
async fn a_ladder_rung_is_scaled_down() {
    let lab = Lab::new();
    let (made, _) = lab
        .make_output(&media("bigbuckbunny.mp4"), "mp4-260p")
        .await;
    assert_eq!(made.frames, Some(132));
    assert!(made.height.is_some_and(|h| h <= 260), "{made:?}");
    let bytes = std::fs::read(lab.path("mp4-260p.out")).expect("read");
    let at = |name: &[u8]| bytes.windows(4).position(|w| w == name).expect("a box");
    assert!(at(b"moov") < at(b"mdat"), "the index comes first");
}

#[tokio::test]
async fn a_program_stream() {
    let lab = Lab::new();
    let args = format!("-i {} -t 1 -c copy", media("cityCC0.mpg").display());
    let source = lab.make(&args, "city.mpg");
    for preset in FILMS {
        let (made, _) = lab.make_output(&source, preset).await;
        assert!(
            made.audio_codec.is_none() || made.audio_channels == Some(2),
            "{preset}"
        );
        assert!(made.width.is_some_and(|w| w % 2 == 0));
        assert!(made.height.is_some_and(|h| h % 2 == 0));
    }
}

#[tokio::test]
async fn a_variable_rate_is_kept_where_it_can_be() {
    let lab = Lab::new();
    let source = lab.make(
        "-f lavfi -i testsrc2=s=160x120:r=30:d=3 -f lavfi -i sine=d=3 -vf select='not(eq(mod(n,7),3))' -fps_mode vfr \
         -c:v libx264 -bf 3 -c:a aac",
        "vfr.mp4",
    );
    let before = lab.measure(&source).await.video.expect("picture");
    for preset in FILMS {
        let (made, measured) = lab.make_output(&source, preset).await;
        let after = measured.video.expect("picture");
        if matches!(preset, "mkv" | "webm") {
            assert_eq!(made.frames, Some(before.frames), "{preset}");
            let stretch = (after.end_s - after.start_s) - (before.end_s - before.start_s);
            assert!(stretch.abs() < 0.05, "{preset}: {stretch}");
        }
    }
}

#[tokio::test]
async fn a_late_start_survives_in_every_container() {
    let lab = Lab::new();
    let sound_late = lab.make(
        "-f lavfi -i testsrc2=s=160x120:r=25:d=3 -itsoffset 0.5 -f lavfi -i sine=d=2 -map 0 -map 1 -c:v libx264 -c:a aac",
        "sound.mkv",
    );
    let picture_late = lab.make(
        "-itsoffset 0.4 -f lavfi -i testsrc2=s=160x120:r=25:d=2 -f lavfi -i sine=d=3 -map 0 -map 1 -c:v libx264 -c:a aac",
        "picture.mkv",
    );
    for (source, offset) in [(&sound_late, 0.5), (&picture_late, -0.4)] {
        for preset in ["avi", "mkv", "ogg", "webm", "mp4-av1"] {
            let (_, measured) = lab.make_output(source, preset).await;
            let (video, audio) = (
                measured.video.expect("picture"),
                measured.audio.expect("sound"),
            );
            let got = audio.start_s - video.start_s;
            // AVI starts at zero, with silence or with the first picture.
            let expected = if preset == "avi" { 0.0 } else { offset };
            assert!((got - expected).abs() < 0.06, "{preset} {offset}: {got}");
            let end = (audio.end_s - video.end_s) - if offset > 0.0 { -0.5 } else { 0.6 };
            assert!(
                end.abs() < 0.15,
                "{preset} {offset}: the ends are {end} s apart"
            );
        }
    }
}

#[tokio::test]
async fn turned_odd_wide_and_deep_pictures() {
    let lab = Lab::new();
    lab.make(
        "-f lavfi -i testsrc2=s=160x120:r=25:d=1 -c:v libx264",
        "flat.mp4",
    );
    let turned = lab.make("-i flat.mp4 -c copy -metadata:s:v rotate=90", "turned.mp4");
    let odd = lab.make(
        "-f lavfi -i testsrc=s=175x143:r=25:d=1 -c:v mpeg4",
        "odd.avi",
    );
    let wide = lab.make(
        "-f lavfi -i testsrc2=s=160x120:r=25:d=1 -vf setsar=4/3 -c:v libx264",
        "wide.mkv",
    );
    let deep = lab.make(
        "-f lavfi -i testsrc2=s=160x120:r=24:d=1 -pix_fmt yuv420p10le -c:v libx265 -x265-params log-level=none \
         -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc -color_range tv",
        "deep.mkv",
    );
    for preset in FILMS {
        let (made, _) = lab.make_output(&turned, preset).await;
        assert_eq!(
            (made.width, made.height),
            (Some(120), Some(160)),
            "{preset}"
        );
        let (made, _) = lab.make_output(&odd, preset).await;
        assert_eq!(
            (made.width, made.height),
            (Some(176), Some(144)),
            "{preset}"
        );
        let (made, _) = lab.make_output(&wide, preset).await;
        assert_eq!(
            (made.width, made.height),
            (Some(214), Some(120)),
            "{preset}"
        );
        let (_, measured) = lab.make_output(&deep, preset).await;
        assert_eq!(
            measured.video.expect("picture").pixel_format,
            "yuv420p",
            "{preset}"
        );
    }
    for preset in ["mp4-h265", "mp4-av1"] {
        let (_, measured) = lab.make_output(&deep, preset).await;
        assert_eq!(measured.video.expect("picture").pixel_format, "yuv420p10le");
        let again = lab
            .probe(&lab.path(&format!("{preset}.out")))
            .await
            .expect("a film");
        assert!(
            again.video.expect("picture").color.is_hdr(),
            "{preset} keeps the tags"
        );
    }
}

#[tokio::test]
async fn a_tone_mapped_film_is_bright_enough_to_watch() {
    let lab = Lab::new();
    // A grey of 50 % in PQ is about 92 cd/m²: mapped it is a light grey, unmapped it would be read as a dark one.
    let deep = lab.make(
        "-f lavfi -i color=gray:s=160x120:r=24:d=1 -pix_fmt yuv420p10le -c:v libx265 -x265-params log-level=none \
         -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc -color_range tv",
        "deep.mkv",
    );
    lab.make_output(&deep, "mkv").await;
    let raw = lab.make(
        "-i mkv.out -frames:v 1 -f rawvideo -pix_fmt gray",
        "frame.raw",
    );
    let pixels = std::fs::read(raw).expect("read");
    let mean = pixels.iter().map(|p| u64::from(*p)).sum::<u64>() / pixels.len() as u64;
    assert!((100..=235).contains(&mean), "mean brightness {mean}");
    let tags = lab
        .probe(&lab.path("mkv.out"))
        .await
        .expect("a film")
        .video
        .expect("picture")
        .color;
    assert_eq!(
        (tags.transfer.as_str(), tags.primaries.as_str()),
        ("bt709", "bt709")
    );
}

#[tokio::test]
async fn sounds_of_every_width() {
    let lab = Lab::new();
    for (layout, rate) in [("mono", 8_000), ("5.1(side)", 48_000), ("7.1", 44_100)] {
        let source = lab.make(
            &format!("-f lavfi -i anoisesrc=d=1:a=0.1:r={rate} -af aformat=channel_layouts={layout} -c:a pcm_s16le"),
            "sound.wav",
        );
        for preset in ["audio-mp3", "audio-m4a", "audio-opus", "ogg", "webm", "mkv"] {
            let recorded = lab.probe(&source).await.expect("a recording");
            if preset.starts_with("audio") || is_planned(&recorded, preset) {
                lab.make_output(&source, preset).await;
            }
        }
    }
}

fn is_planned(media: &reelmill_domain::media::Media, preset: &str) -> bool {
    std::panic::catch_unwind(|| planned(media, preset)).is_ok()
}

/// AVI, Matroska and Ogg of each: a name, and how the installed ffmpeg makes it.
async fn all_of(lab: &Lab, sources: &[(&str, String)]) {
    for (name, args) in sources {
        let source = lab.make(args, name);
        for preset in ["avi", "mkv", "ogg"] {
            lab.make_output(&source, preset).await;
        }
    }
}

#[tokio::test]
async fn sources_of_many_kinds() {
    let lab = Lab::new();
    let picture = "-f lavfi -i testsrc2=s=160x120:r=25:d=1";
    let sound = "-f lavfi -i sine=d=1";
    let kinds = [
        (
            "one.mp4",
            "-f lavfi -i testsrc2=s=160x120:r=25 -frames:v 1 -c:v libx264".to_owned(),
        ),
        (
            "moving.gif",
            "-f lavfi -i testsrc2=s=160x120:r=10:d=1".to_owned(),
        ),
        (
            "flash.flv",
            format!("{picture} {sound} -c:v flv -c:a libmp3lame -ar 44100"),
        ),
        ("windows.wmv", format!("{picture} {sound}")),
        (
            "late.ts",
            format!("{picture} {sound} -c:v mpeg2video -bf 2 -c:a mp2 -output_ts_offset 1000"),
        ),
    ];
    all_of(&lab, &kinds).await;
}

#[tokio::test]
async fn sources_of_odd_kinds() {
    let lab = Lab::new();
    let picture = "-f lavfi -i testsrc2=s=160x120:r=25:d=1";
    let sound = "-f lavfi -i sine=d=1";
    let bunny = media("bigbuckbunny.mp4").display().to_string();
    let kinds = [
        ("edited.mp4", format!("-ss 1.3 -i {bunny} -t 1 -c copy")),
        ("by-decoding.avi", format!("{picture} {sound} -c:v libx264 -bf 2 -c:a libmp3lame")),
        ("hidden.webm", format!("{picture} {sound} -c:v libvpx -auto-alt-ref 1 -lag-in-frames 16 -b:v 100k -c:a libvorbis")),
        ("raw.h264", format!("{picture} -c:v libx264 -bf 2")),
        ("still.mp4", "-f lavfi -i color=red:s=160x120:r=25:d=2 -c:v libx264".to_owned()),
        ("gap.mkv", "-f lavfi -i testsrc2=s=160x120:r=25:d=2 -f lavfi -i sine=d=2 -af aselect=lt(t\\,0.5)+gt(t\\,1.2) \
            -c:v libx264 -c:a pcm_s16le".to_owned()),
        ("deep.mkv", format!("{picture} -c:v ffv1 -pix_fmt gbrp")),
    ];
    all_of(&lab, &kinds).await;
}

#[tokio::test]
async fn the_same_bytes_every_time_and_no_trace_of_the_source() {
    let lab = Lab::new();
    let source = lab.make(
        "-f lavfi -i testsrc2=s=160x90:r=25:d=1 -f lavfi -i sine=d=1 -map 0 -map 1 -c:v libx264 -c:a aac \
         -metadata title=SECRETTITLE -metadata location=SECRETPLACE -metadata:s:v handler_name=SECRETNAME",
        "source.mp4",
    );
    let found = lab.probe(&source).await.expect("a film");
    for preset in [
        "avi",
        "mkv",
        "ogg",
        "webm",
        "mp4-h265",
        "mp4-av1",
        "audio-mp3",
        "audio-m4a",
        "audio-opus",
    ] {
        let (spec, _) = planned(&found, preset);
        let (one, two) = (lab.path("one"), lab.path("two"));
        lab.encode(&spec, &source, &one).await.expect("encoded");
        lab.encode(&spec, &source, &two).await.expect("encoded");
        let (one, two) = (
            std::fs::read(one).expect("read"),
            std::fs::read(two).expect("read"),
        );
        assert!(one == two, "{preset} differs from run to run");
        let leaks = one.windows(6).any(|w| w == b"SECRET");
        assert!(!leaks, "{preset} carries the source's tags");
    }
}

#[tokio::test]
async fn still_scenes_in_theora_are_counted_and_lost_pages_are_found() {
    let lab = Lab::new();
    // Moving for a second, then still: most frames are empty packets, of which decoding says nothing.
    let source = lab.make(
        "-f lavfi -i testsrc2=s=160x120:r=25:d=1 -vf tpad=stop_mode=clone:stop_duration=5,format=yuv420p -c:v libx264",
        "still.mp4",
    );
    let (made, _) = lab.make_output(&source, "ogg").await;
    let frames = made.frames.expect("a picture");
    assert!((125..=150).contains(&frames), "{frames} of 150 frames");

    let found = lab.probe(&source).await.expect("a film");
    let (_, assemble) = planned(&found, "ogg");
    let good = std::fs::read(lab.path("ogg.out")).expect("read");
    let pages: Vec<usize> = (0..good.len() - 4)
        .filter(|at| good[*at..].starts_with(b"OggS"))
        .collect();
    // One page of nothing but still frames, in the middle of the film.
    let at = pages[pages.len() / 2];
    let end = pages[pages.len() / 2 + 1];
    let holed = lab.write("holed.ogg", [&good[..at], &good[end..]].concat());
    let wrong = judge(&assemble.expect, &lab.measure(&holed).await).expect_err("a page is gone");
    assert!(wrong.iter().any(|m| m.code == "lost_frames"), "{wrong:?}");
}
