//! Judges media by decoding it, with ffprobe and ffmpeg's own comparing filters. Trusts no header.

use crate::clips::ffmpeg;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// What ffprobe says of a file, with its frames counted by decoding them.
pub async fn probe(path: &Path) -> Result<Value> {
    let done = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-count_frames",
            "-show_format",
            "-show_streams",
        ])
        .args(["-of", "json"])
        .arg(path)
        .kill_on_drop(true)
        .output()
        .await?;
    let said = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "ffprobe {}: {said}", path.display());
    Ok(serde_json::from_slice(&done.stdout)?)
}

/// The first stream of a kind (`video`, `audio`).
pub fn stream<'a>(probe: &'a Value, kind: &str) -> Option<&'a Value> {
    probe["streams"]
        .as_array()?
        .iter()
        .find(|s| s["codec_type"] == kind)
}

/// Frames of the first picture stream, counted by decoding.
pub fn frames(probe: &Value) -> Result<u64> {
    let video = stream(probe, "video").context("no picture")?;
    let count = video["nb_read_frames"].as_str().context("no count")?;
    Ok(count.parse()?)
}

/// The length of the file in seconds.
pub fn duration(probe: &Value) -> Result<f64> {
    let text = probe["format"]["duration"]
        .as_str()
        .context("no duration")?;
    Ok(text.parse()?)
}

/// Decodes every stream; fails at the first complaint.
pub async fn decodes(path: &Path) -> Result<()> {
    let file = path.to_string_lossy();
    let said = ffmpeg(&[
        "-v", "error", "-xerror", "-i", &file, "-map", "0", "-f", "null", "-",
    ])
    .await?;
    ensure!(said.trim().is_empty(), "{file}: {said}");
    Ok(())
}

/// Structural likeness of two films, frame by frame in order whatever their clocks: 1 is identical.
/// The second is scaled to the first's size. Formula: ffmpeg's `ssim` filter, the mean over all planes.
pub async fn ssim(made: &Path, source: &Path) -> Result<f64> {
    let said = compare(made, source, "ssim").await?;
    figure(&said, "All:")
}

/// Peak signal to noise ratio in dB of two films, likewise. Formula: ffmpeg's `psnr` filter, average.
pub async fn psnr(made: &Path, source: &Path) -> Result<f64> {
    let said = compare(made, source, "psnr").await?;
    figure(&said, "average:")
}

async fn compare(made: &Path, source: &Path, filter: &str) -> Result<String> {
    let video = probe(made).await?;
    let video = stream(&video, "video").context("no picture")?;
    let same = "settb=1/1000,setpts=N*40,format=yuv420p";
    let graph = format!(
        "[0:v]{same}[a];[1:v]scale={}:{},setsar=1,{same}[b];[a]setsar=1[c];[c][b]{filter}",
        video["width"], video["height"]
    );
    let (made, source) = (made.to_string_lossy(), source.to_string_lossy());
    ffmpeg(&[
        "-i", &made, "-i", &source, "-lavfi", &graph, "-f", "null", "-",
    ])
    .await
}

fn figure(said: &str, after: &str) -> Result<f64> {
    let Some((_, rest)) = said.rsplit_once(after) else {
        bail!("no {after} in: {said}");
    };
    let word = rest.split([' ', '\n']).next().unwrap_or_default();
    if word == "inf" {
        return Ok(f64::INFINITY);
    }
    word.parse().with_context(|| format!("no figure: {word}"))
}

/// The loudest sample of a file's sound in dB of full scale; silence is below -90.
pub async fn loudness(path: &Path) -> Result<f64> {
    let file = path.to_string_lossy();
    let said = ffmpeg(&[
        "-i",
        &file,
        "-map",
        "0:a:0",
        "-af",
        "volumedetect",
        "-f",
        "null",
        "-",
    ])
    .await?;
    figure(&said, "max_volume: ")
}

/// Puts bytes into a file, so that media tools can look at them.
pub fn file(dir: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf> {
    let path = dir.join(name);
    std::fs::write(&path, bytes)?;
    Ok(path)
}
