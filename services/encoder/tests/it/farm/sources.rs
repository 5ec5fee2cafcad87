//! Sources to work on, made by ffmpeg itself, and one real clip.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The real clip of the house: 132 frames of h264 in mp4, with stereo aac.
pub fn bunny(to: &Path) -> PathBuf {
    let clip = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/media/bigbuckbunny.mp4");
    let to = to.join("bunny.mp4");
    std::fs::copy(clip, &to).unwrap();
    to
}

/// A test picture of so many frames at 25 a second, with a tone, in an mkv.
pub fn film(to: &Path, size: &str, frames: u32) -> PathBuf {
    let seconds = f64::from(frames) / 25.0;
    let to = to.join("film.mkv");
    let video = format!("testsrc2=size={size}:rate=25:duration={seconds}");
    let audio = format!("sine=frequency=440:sample_rate=48000:duration={seconds}");
    ffmpeg(&[
        "-f",
        "lavfi",
        "-i",
        &video,
        "-f",
        "lavfi",
        "-i",
        &audio,
        "-c:v",
        "mpeg4",
        "-q:v",
        "5",
        "-c:a",
        "pcm_s16le",
        "-ac",
        "2",
        path(&to),
    ]);
    to
}

/// A film whose container is whole while the coded picture in its middle is rubbish: only decoding shows it.
pub fn rotten(to: &Path, size: &str, frames: u32) -> PathBuf {
    let film = film(to, size, frames);
    let rotten = to.join("rotten.mp4");
    ffmpeg(&["-i", path(&film), "-an", "-c", "copy", path(&rotten)]);
    let mut bytes = std::fs::read(&rotten).unwrap();
    let mdat = bytes.windows(4).position(|w| w == b"mdat").unwrap();
    let moov = bytes.windows(4).position(|w| w == b"moov").unwrap();
    let middle = (mdat + moov) / 2;
    for (n, byte) in bytes[middle..middle + 4000].iter_mut().enumerate() {
        *byte = (n * 131 + n / 7 + 89) as u8;
    }
    std::fs::write(&rotten, bytes).unwrap();
    rotten
}

/// A film whose AAC begins with what looks like ADTS: muxers that find it try to take it off, and give up.
pub fn uncopyable(to: &Path, size: &str, frames: u32) -> PathBuf {
    let film = film(to, size, frames);
    let made = to.join("uncopyable.mp4");
    ffmpeg(&[
        "-i",
        path(&film),
        "-c:v",
        "copy",
        "-c:a",
        "aac",
        path(&made),
    ]);
    let first = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "a:0", "-show_entries"])
        .args(["packet=pos", "-of", "csv=p=0", "-read_intervals", "%+#1"])
        .arg(&made)
        .output()
        .unwrap();
    let first = String::from_utf8(first.stdout).unwrap();
    let at: usize = first.trim().trim_end_matches(',').parse().unwrap();
    let mut bytes = std::fs::read(&made).unwrap();
    bytes[at..at + 8].fill(0xff);
    std::fs::write(&made, bytes).unwrap();
    made
}

/// The frames of a film's picture, counted by decoding it.
pub fn decoded_frames(file: &Path) -> u64 {
    let out = Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-select_streams", "v:0"])
        .args(["-show_entries", "stream=nb_read_frames", "-of", "csv=p=0"])
        .arg(file)
        .output()
        .unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    text.trim().trim_end_matches(',').parse().unwrap()
}

/// Runs ffmpeg, which must succeed.
pub fn ffmpeg(args: &[&str]) {
    let done = Command::new("ffmpeg")
        .args(["-nostdin", "-hide_banner", "-v", "error", "-y"])
        .args(args)
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

/// A path as text.
pub fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
