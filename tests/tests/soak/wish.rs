//! What users will ask for: each job's film, outputs, way of uploading and fate, from the seed alone.

use super::chance::Chance;
use anyhow::Result;
use reelmill_tests::clips;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A film that users send.
#[derive(Debug)]
pub struct Clip {
    pub path: PathBuf,
    pub bytes: Vec<u8>,
    /// Frames of its picture; `None` when it is no film at all.
    pub frames: Option<u64>,
}

/// How the bytes get there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// One request.
    Whole,
    /// tus, in so many pieces; the first may be broken off in its middle.
    Pieces { count: usize, broken: bool },
    /// Those that another job has uploaded already.
    Shared,
}

/// What happens to the job after its submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Kept,
    /// Cancelled after so long.
    Cancelled(Duration),
    /// Deleted with its files when it has ended.
    Deleted,
}

/// A job to be.
#[derive(Debug, Clone)]
pub struct Wish {
    pub number: usize,
    pub clip: usize,
    pub presets: Vec<&'static str>,
    pub way: Way,
    pub priority: usize,
    pub fate: Fate,
    /// Sent once more after it was accepted.
    pub twice: bool,
    /// For the pauses on the way.
    pub chance: Chance,
}

/// Cheap ones come more often.
const PRESETS: &[&str] = &[
    "audio-mp3",
    "audio-mp3",
    "audio-mp3",
    "audio-opus",
    "audio-opus",
    "avi",
    "avi",
    "avi",
    "mkv",
    "mkv",
    "mkv",
    "ogg",
    "webm",
    "thumbnails",
];

impl Wish {
    /// The n-th wish of a seed.
    pub fn new(seed: u64, number: usize, clips: usize) -> Self {
        let mut chance = Chance::new(seed, 1000 + number as u64);
        // The first clips are small, the last two are a large one and one that is broken.
        let clip = match chance.below(100) {
            0..=3 => clips - 1,
            4..=6 => clips - 2,
            _ => chance.below(clips - 2),
        };
        let mut presets = Vec::new();
        for _ in 0..=chance.below(2) {
            let preset = chance.pick(PRESETS);
            if !presets.contains(&preset) {
                presets.push(preset);
            }
        }
        let way = match chance.below(100) {
            0..=29 => Way::Shared,
            30..=44 => Way::Whole,
            _ => Way::Pieces {
                count: 1 + chance.below(5),
                broken: chance.odds(45),
            },
        };
        let fate = match chance.below(100) {
            0..=11 => Fate::Cancelled(chance.ms(0, 6000)),
            12..=24 => Fate::Deleted,
            _ => Fate::Kept,
        };
        Self {
            number,
            clip,
            presets,
            way,
            priority: chance.below(10),
            fate,
            twice: chance.odds(20),
            chance,
        }
    }
}

/// Draws the films. The last is no film, the one before is more than a part of a multipart upload.
pub async fn draw(dir: &Path) -> Result<Vec<Clip>> {
    let mut made = Vec::new();
    let pcm = ["-c:v", "ffv1", "-c:a", "pcm_s16le"];
    for (name, size, seconds, more) in [
        ("one.mp4", "160x90", 1.0, &[][..]),
        ("two.mkv", "176x144", 2.0, &["-g", "10"][..]),
        ("three.mov", "320x180", 1.2, &["-bf", "2"][..]),
        ("large.mkv", "640x480", 2.0, &pcm[..]),
    ] {
        let path = match name {
            "large.mkv" => noisy(dir, name, size, seconds, more).await?,
            _ => clips::drawn_with(dir, name, size, seconds, more).await?,
        };
        let frames = reelmill_tests::look::frames(&reelmill_tests::look::probe(&path).await?)?;
        made.push(Clip {
            bytes: std::fs::read(&path)?,
            path,
            frames: Some(frames),
        });
    }
    let path = dir.join("broken.mp4");
    let bytes = clips::noise(7, 30_000);
    std::fs::write(&path, &bytes)?;
    made.push(Clip {
        path,
        bytes,
        frames: None,
    });
    Ok(made)
}

async fn noisy(dir: &Path, name: &str, size: &str, seconds: f64, more: &[&str]) -> Result<PathBuf> {
    let noise = ["-vf", "noise=alls=60:allf=t"];
    let more = [more, &noise].concat();
    let path = clips::drawn_with(dir, name, size, seconds, &more).await?;
    let bytes = std::fs::metadata(&path)?.len();
    anyhow::ensure!(bytes > 9 << 20, "the large film has only {bytes} bytes");
    Ok(path)
}

#[test]
fn the_same_seed_gives_the_same_wishes() {
    let all = |seed| {
        let wishes = (0..50).map(|n| format!("{:?}", Wish::new(seed, n, 5)));
        wishes.collect::<Vec<_>>()
    };
    assert_eq!(all(3), all(3));
    assert_ne!(all(3), all(4));
}
