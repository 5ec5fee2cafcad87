//! Posters and sprite sheets of films of every length.

use crate::support::{Lab, media, planned_pictures};
use reelmill_ffmpeg::RunLimits;
use reelmill_ffmpeg::thumbnails::{FILES, Pictures, thumbnails};
use std::path::Path;

async fn pictures(lab: &Lab, source: &Path) -> (Pictures, String) {
    let found = lab.probe(source).await.expect("a film");
    let spec = planned_pictures(&found);
    let folder = lab.path("pictures");
    std::fs::create_dir_all(&folder).expect("folder");
    let run = RunLimits::default();
    let made = thumbnails(
        &lab.tools,
        &spec,
        source,
        &folder,
        &run,
        |_| {},
        &lab.cancel,
    )
    .await
    .unwrap_or_else(|e| panic!("{e}\n{}", e.log_tail));
    for name in FILES {
        assert!(std::fs::metadata(folder.join(name)).expect(name).len() > 0);
    }
    let track = std::fs::read_to_string(folder.join("sprite.vtt")).expect("track");
    assert!(track.starts_with("WEBVTT\n"));
    assert_eq!(track.matches("sprite.jpg#xywh=").count() as u32, made.tiles);
    (made, track)
}

/// The mean brightness of a region of the sheet.
fn brightness(lab: &Lab, x: u32, y: u32, w: u32, h: u32) -> u64 {
    let args = format!("-i pictures/sprite.jpg -vf crop={w}:{h}:{x}:{y} -f rawvideo -pix_fmt gray");
    let pixels = std::fs::read(lab.make(&args, "tile.raw")).expect("read");
    pixels.iter().map(|p| u64::from(*p)).sum::<u64>() / pixels.len() as u64
}

#[tokio::test]
async fn a_film_of_some_seconds() {
    let lab = Lab::new();
    let (made, track) = pictures(&lab, &media("bigbuckbunny.mp4")).await;
    assert_eq!(made.tiles, 5);
    assert!(track.contains("00:00:00.000 --> 00:00:01.056"), "{track}");
    assert!(
        track
            .trim_end()
            .lines()
            .rev()
            .nth(1)
            .is_some_and(|l| l.ends_with("00:00:05.280")),
        "{track}"
    );
}

#[tokio::test]
async fn a_film_of_one_frame() {
    let lab = Lab::new();
    let source = lab.make(
        "-f lavfi -i color=white:s=160x120:r=25 -frames:v 1 -c:v libx264",
        "one.mp4",
    );
    let (made, _) = pictures(&lab, &source).await;
    assert_eq!(made.tiles, 1);
    assert!(brightness(&lab, 10, 10, 100, 80) > 200);
}

#[tokio::test]
async fn a_long_film_is_filled_to_its_last_tile() {
    let lab = Lab::new();
    let source = lab.make(
        "-f lavfi -i color=white:s=160x120:r=5:d=590 -c:v libx264 -preset ultrafast -g 20",
        "long.mp4",
    );
    let (made, track) = pictures(&lab, &source).await;
    assert!(made.tiles >= 50, "{}", made.tiles);
    let last = track
        .rsplit("xywh=")
        .next()
        .expect("a tile")
        .trim()
        .to_owned();
    let place: Vec<u32> = last
        .split(',')
        .map(|n| n.parse().expect("a number"))
        .collect();
    assert!(brightness(&lab, place[0] + 4, place[1] + 4, place[2] - 8, place[3] - 8) > 200);
}

#[tokio::test]
async fn an_upright_film_with_high_dynamic_range_that_starts_late() {
    let lab = Lab::new();
    lab.make(
        "-f lavfi -i testsrc2=s=160x120:r=24:d=2 -pix_fmt yuv420p10le -c:v libx265 -x265-params log-level=none \
         -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc -color_range tv",
        "deep.mp4",
    );
    let source = lab.make(
        "-itsoffset 3 -i deep.mp4 -c copy -metadata:s:v rotate=90",
        "upright.mp4",
    );
    let (made, track) = pictures(&lab, &source).await;
    assert_eq!(made.tiles, 2);
    assert!(track.contains("#xywh=0,0,120,160"), "{track}");
}
