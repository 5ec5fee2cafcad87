//! Clips to feed to a server: the two that are kept, and any other shape drawn by FFmpeg.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// A clip from `tests/media`.
pub fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("media")
        .join(name)
}

/// 1280×720, 25 fps, 132 frames, H.264 + AAC 5.1.
pub fn bunny() -> PathBuf {
    kept("bigbuckbunny.mp4")
}

/// Runs ffmpeg with these arguments; what it said.
pub async fn ffmpeg(args: &[&str]) -> Result<String> {
    let done = Command::new("ffmpeg")
        .args(["-nostdin", "-hide_banner", "-y"])
        .args(args)
        .kill_on_drop(true)
        .output()
        .await
        .context("starting ffmpeg")?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    ensure!(done.status.success(), "ffmpeg {args:?}: {said}");
    Ok(said)
}

/// A drawn film with a tone: size like `320x180`, 25 fps, so many seconds, H.264 + AAC in what the name's end says.
pub async fn drawn(dir: &Path, name: &str, size: &str, seconds: f64) -> Result<PathBuf> {
    drawn_with(dir, name, size, seconds, &[]).await
}

/// [`drawn`] with further output arguments.
pub async fn drawn_with(
    dir: &Path,
    name: &str,
    size: &str,
    seconds: f64,
    more: &[&str],
) -> Result<PathBuf> {
    let picture = format!("testsrc2=size={size}:rate=25:duration={seconds}");
    let sound = format!("sine=frequency=440:sample_rate=48000:duration={seconds}");
    let path = dir.join(name);
    let out = path.to_string_lossy().into_owned();
    let mut args = vec!["-v", "error", "-f", "lavfi", "-i", &picture];
    args.extend(["-f", "lavfi", "-i", &sound, "-preset", "ultrafast"]);
    args.extend(["-pix_fmt", "yuv420p"]);
    args.extend_from_slice(more);
    args.push(&out);
    ffmpeg(&args).await?;
    Ok(path)
}

/// A film that takes an encoder long, though it is small to upload: noise. Size like `640x360`.
pub async fn heavy(dir: &Path, size: &str, seconds: u32) -> Result<PathBuf> {
    let picture = format!("testsrc2=size={size}:rate=25:duration={seconds},noise=alls=40:allf=t");
    let path = dir.join("heavy.mp4");
    let out = path.to_string_lossy().into_owned();
    ffmpeg(&[
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        &picture,
        "-preset",
        "ultrafast",
        "-crf",
        "30",
        "-pix_fmt",
        "yuv420p",
        &out,
    ])
    .await?;
    Ok(path)
}

/// Bytes that look like nothing, the same for the same seed (xorshift64*).
pub fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut made = Vec::with_capacity(bytes + 8);
    while made.len() < bytes {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        made.extend_from_slice(&state.wrapping_mul(0x2545_F491_4F6C_DD1D).to_le_bytes());
    }
    made.truncate(bytes);
    made
}
