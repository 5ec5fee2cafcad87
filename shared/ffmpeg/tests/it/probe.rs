//! What the probe says of sources of many shapes.

use crate::support::{Lab, media};
use reelmill_domain::media::{Ratio, Rotation};

#[tokio::test]
async fn a_plain_film() {
    let lab = Lab::new();
    let got = lab.probe(&media("bigbuckbunny.mp4")).await.expect("a film");
    let video = got.video.as_ref().expect("picture");
    assert!(got.container.contains("mp4"));
    assert_eq!(got.bytes, 1_055_736);
    assert_eq!((video.width, video.height, video.bit_depth), (1280, 720, 8));
    assert_eq!((video.frames, video.variable_rate), (132, false));
    assert_eq!(video.frame_rate, Ratio { num: 25, den: 1 });
    assert!((video.duration_s - 5.28).abs() < 1e-6);
    assert!(video.keyframes >= 1 && video.keyframes < 132);
    let audio = got.chosen_audio().expect("sound");
    assert_eq!((audio.codec.as_str(), audio.channels), ("aac", 6));
    assert_eq!((audio.layout.as_str(), audio.sample_rate), ("5.1", 48_000));
    assert!((got.duration_s - 5.312).abs() < 0.03, "{}", got.duration_s);
    assert_eq!(got.damage, Vec::<String>::new());
    assert!(!got.cover_art);
}

#[tokio::test]
async fn a_program_stream_with_its_own_clock() {
    let lab = Lab::new();
    let got = lab.probe(&media("cityCC0.mpg")).await.expect("a film");
    let video = got.video.as_ref().expect("picture");
    assert_eq!((video.width, video.height), (720, 405));
    assert_eq!(video.codec, "mpeg2video");
    assert_eq!(video.frame_rate, Ratio { num: 25, den: 1 });
    assert!(!video.variable_rate);
    assert!((video.duration_s - 7.6).abs() < 0.1, "{}", video.duration_s);
    assert!(video.start_s > 0.0);
}

#[tokio::test]
async fn a_variable_rate_is_seen_through_decoding_order() {
    let lab = Lab::new();
    let source = lab.make(
        "-f lavfi -i testsrc2=s=160x120:r=30:d=4 -vf select='not(eq(mod(n,7),3))' -fps_mode vfr -c:v libx264 -bf 3",
        "vfr.mkv",
    );
    let video = lab
        .probe(&source)
        .await
        .expect("a film")
        .video
        .expect("picture");
    assert!(video.variable_rate);
    assert_eq!(video.frames, 103);
    assert!((video.frame_rate.as_f64() - 25.7).abs() < 0.5);
    assert!(
        (video.duration_s - 4.0).abs() < 0.05,
        "{}",
        video.duration_s
    );
}

#[tokio::test]
async fn a_turned_film_is_turned_the_right_way() {
    let lab = Lab::new();
    lab.make(
        "-f lavfi -i testsrc2=s=160x120:r=25:d=1 -c:v libx264",
        "flat.mp4",
    );
    for (matrix, turn, shown) in [
        ("90", Rotation::Quarter, (120, 160)),
        ("180", Rotation::Half, (160, 120)),
        ("270", Rotation::ThreeQuarters, (120, 160)),
    ] {
        // `rotate` is the clockwise turn that a player applies; FFmpeg 5 writes it as a display matrix, negated.
        let args = format!(
            "-i flat.mp4 -c copy -metadata:s:v rotate={}",
            360 - matrix.parse::<i32>().expect("number")
        );
        let source = lab.make(&args, "turned.mp4");
        let video = lab
            .probe(&source)
            .await
            .expect("a film")
            .video
            .expect("picture");
        assert_eq!(video.rotation, turn, "{matrix}");
        assert_eq!(video.shown_size(), shown);
    }
}

#[tokio::test]
async fn high_dynamic_range_is_told_by_its_tags() {
    let lab = Lab::new();
    let source = lab.make(
        "-f lavfi -i testsrc2=s=160x120:r=24:d=1 -pix_fmt yuv420p10le -c:v libx265 -x265-params log-level=none \
         -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc -color_range tv",
        "hdr.mkv",
    );
    let video = lab
        .probe(&source)
        .await
        .expect("a film")
        .video
        .expect("picture");
    assert!(video.color.is_hdr());
    assert_eq!(video.bit_depth, 10);
    assert_eq!(video.color.primaries, "bt2020");
    assert_eq!(video.color.matrix, "bt2020nc");
}

#[tokio::test]
async fn wide_samples_and_odd_sizes() {
    let lab = Lab::new();
    let source = lab.make(
        "-f lavfi -i testsrc=s=175x143:r=25:d=1 -vf setsar=4/3 -c:v mpeg4",
        "odd.avi",
    );
    let video = lab
        .probe(&source)
        .await
        .expect("a film")
        .video
        .expect("picture");
    assert_eq!((video.width, video.height), (175, 143));
    assert_eq!(video.sample_aspect, Ratio { num: 4, den: 3 });
    assert_eq!((video.frames, video.variable_rate), (25, false));
}

#[tokio::test]
async fn sound_alone_and_picture_alone() {
    let lab = Lab::new();
    let sound = lab.make("-f lavfi -i sine=d=2:r=44100 -ac 1", "sound.mp3");
    let got = lab.probe(&sound).await.expect("a recording");
    assert!(got.video.is_none());
    let audio = got.chosen_audio().expect("sound");
    assert_eq!((audio.channels, audio.sample_rate), (1, 44_100));
    assert!((audio.duration_s - 2.0).abs() < 0.1, "{}", audio.duration_s);
    let picture = lab.make(
        "-f lavfi -i testsrc2=s=160x120:r=25:d=1 -c:v libx264",
        "picture.mkv",
    );
    let got = lab.probe(&picture).await.expect("a film");
    assert!(got.audio.is_empty() && got.video.is_some());
}

#[tokio::test]
async fn a_cover_is_no_film() {
    let lab = Lab::new();
    lab.make("-f lavfi -i testsrc2=s=64x64 -frames:v 1", "cover.png");
    let song = lab.make(
        "-f lavfi -i sine=d=1 -i cover.png -map 0 -map 1 -c:v copy -disposition:v attached_pic",
        "song.mp3",
    );
    let got = lab.probe(&song).await.expect("a recording");
    assert!(got.cover_art && got.video.is_none());
    let only = lab.make(
        "-i cover.png -c copy -disposition:v attached_pic",
        "only.m4a",
    );
    let error = lab.probe(&only).await.expect_err("nothing to play");
    assert_eq!(error.code(), "only_cover_art");
    assert!(error.is_permanent());
}

#[tokio::test]
async fn default_streams_are_chosen_then_large_ones() {
    let lab = Lab::new();
    let source = lab.make(
        "-f lavfi -i testsrc2=s=160x120:r=25:d=1 -f lavfi -i testsrc2=s=320x240:r=25:d=1 -f lavfi -i sine=d=1 \
         -f lavfi -i anullsrc=cl=5.1:d=1 -map 0 -map 1 -map 2 -map 3 -c:v libx264 -c:a aac -shortest \
         -disposition:v:0 0 -disposition:v:1 0 -disposition:a:0 default -disposition:a:1 0 \
         -metadata:s:a:0 language=deu",
        "many.mkv",
    );
    let got = lab.probe(&source).await.expect("a film");
    assert_eq!(got.video.as_ref().expect("picture").index, 1);
    assert_eq!(got.audio.len(), 2);
    let chosen = got.chosen_audio().expect("sound");
    assert_eq!((chosen.index, chosen.language.as_str()), (2, "deu"));
}

#[tokio::test]
async fn starts_are_kept_apart() {
    let lab = Lab::new();
    let source = lab.make(
        "-f lavfi -i testsrc2=s=160x120:r=25:d=2 -itsoffset 0.5 -f lavfi -i sine=d=1 -map 0 -map 1 -c:v libx264 -c:a libopus",
        "late.mkv",
    );
    let got = lab.probe(&source).await.expect("a film");
    let audio = got.chosen_audio().expect("sound");
    let offset = audio.start_s - got.video.as_ref().expect("picture").start_s;
    assert!((offset - 0.5).abs() < 0.03, "{offset}");
    assert!((audio.duration_s - 1.0).abs() < 0.05);
}

#[tokio::test]
async fn limits_are_kept_and_named() {
    let lab = Lab::new();
    let long = lab.make(
        "-f lavfi -i color=s=32x32:r=1:d=700 -c:v libx264 -preset ultrafast",
        "long.mkv",
    );
    assert_eq!(lab.probe(&long).await.expect_err("long").code(), "too_long");
    let large = lab.make(
        "-f lavfi -i color=s=4096x2176:r=25 -frames:v 1 -c:v libx264 -preset ultrafast",
        "large.mkv",
    );
    let error = lab.probe(&large).await.expect_err("large");
    assert_eq!(error.code(), "too_many_pixels");
    assert!(error.to_string().contains("8294400"), "{error}");
    let maps = " -map 0".repeat(17);
    let many = lab.make(
        &format!("-f lavfi -i sine=d=0.2{maps} -c:a aac"),
        "many.mkv",
    );
    assert_eq!(
        lab.probe(&many).await.expect_err("many").code(),
        "too_many_streams"
    );
}
