//! Uploads that are no good: each fails its own job, or completes with a warning, in plain words, and harms nobody else.

use anyhow::{Context, Result, ensure};
use reelmill_tests::api::{id, output};
use reelmill_tests::clips::{drawn, drawn_with, ffmpeg, noise};
use reelmill_tests::{Api, Server, Setup, look, wait::secs};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Makes `mkv` of these bytes; the job once it has ended.
async fn fate(api: &Api, name: &str, bytes: Vec<u8>, more: Value) -> Result<Value> {
    let upload = api.upload(name, bytes).await?;
    let job = api.submit_with(&upload, &["mkv"], more).await?;
    api.ended(&id(&job)?, secs(90)).await
}

/// A reason that its owner understands: words, no path, no name of an inner thing.
fn plain(job: &Value) -> Result<()> {
    let words = job["error"]["message"].as_str().unwrap_or_default();
    ensure!(
        words.len() > 15 && words.contains(' '),
        "no plain words: {job:#}"
    );
    for inner in ["/tmp", "/proc", "scratch", "panicked", "Some(", "0x"] {
        ensure!(!words.contains(inner), "{inner} in: {words}");
    }
    ensure!(
        job["error"]["code"].as_str().is_some_and(|c| !c.is_empty()),
        "{job:#}"
    );
    ensure!(
        job["outputs"]
            .as_array()
            .is_some_and(|o| o.iter().all(|o| o["url"].is_null())),
        "{job:#}"
    );
    Ok(())
}

/// The server still works: a good clip still comes through.
async fn unharmed(server: Server) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let good = drawn(dir.path(), "good.mp4", "160x90", 0.4).await?;
    let id = server.api().make(&good, &["mkv"]).await?;
    server.api().ends(&id, "completed", secs(60)).await?;
    server.finish().await
}

#[tokio::test]
async fn what_is_not_media_fails_with_a_reason() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    for (name, bytes) in [
        ("noise.mp4", noise(7, 200_000)),
        ("empty.mp4", Vec::new()),
        ("letter.mp4", b"Dear film,\nI am a letter.\n".repeat(40)),
        (
            "page.mp4",
            b"<!doctype html><title>no film</title>".to_vec(),
        ),
    ] {
        let job = fate(&api, name, bytes, json!({})).await.context(name)?;
        ensure!(job["state"] == "failed", "{name}: {job:#}");
        plain(&job)?;
    }
    unharmed(server).await
}

#[tokio::test]
async fn a_film_cut_in_half_gives_what_can_be_decoded_with_a_warning() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let whole = drawn(dir.path(), "whole.mkv", "320x180", 4.0).await?;
    let mut bytes = std::fs::read(&whole)?;
    bytes.truncate(bytes.len() / 2);

    let job = fate(&api, "half.mkv", bytes.clone(), json!({})).await?;
    ensure!(job["state"] == "completed", "{job:#}");
    let warning = &job["warnings"][0];
    ensure!(
        warning["message"].as_str().is_some_and(|m| m.len() > 20),
        "{job:#}"
    );
    let url = output(&job, "mkv")?["url"].as_str().context("no url")?;
    let made = look::file(dir.path(), "made.mkv", &api.download(url).await?)?;
    let frames = look::frames(&look::probe(&made).await?)?;
    ensure!(
        (30..90).contains(&frames),
        "{frames} of 100 frames from half the file"
    );

    let strict = fate(&api, "half.mkv", bytes, json!({"strict": true})).await?;
    ensure!(strict["state"] == "failed", "{strict:#}");
    plain(&strict)?;

    // An MP4 whose index was at its end can't be read at all.
    let mp4 = drawn(dir.path(), "whole.mp4", "320x180", 4.0).await?;
    let mut bytes = std::fs::read(&mp4)?;
    bytes.truncate(bytes.len() / 2);
    let job = fate(&api, "half.mp4", bytes, json!({})).await?;
    ensure!(job["state"] == "failed", "{job:#}");
    plain(&job)?;
    unharmed(server).await
}

#[tokio::test]
async fn a_film_with_a_hole_in_it_completes_with_a_warning_or_says_why_not() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let whole = drawn(dir.path(), "whole.mkv", "320x180", 4.0).await?;
    let mut bytes = std::fs::read(&whole)?;
    let (from, len) = (bytes.len() * 2 / 5, bytes.len() / 8);
    bytes[from..from + len].copy_from_slice(&noise(11, len));
    let job = fate(&api, "hole.mkv", bytes.clone(), json!({})).await?;
    ensure!(job["state"] == "completed", "{job:#}");
    ensure!(
        job["warnings"].as_array().is_some_and(|w| !w.is_empty()),
        "{job:#}"
    );
    let strict = fate(&api, "hole.mkv", bytes, json!({"strict": true})).await?;
    ensure!(strict["state"] == "failed", "{strict:#}");
    plain(&strict)?;
    unharmed(server).await
}

#[tokio::test]
async fn damage_that_only_decoding_shows_is_told_once_for_all_outputs() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    // No B-frames and a fixed rate: whatever is hit, every frame still comes out, covered up.
    let more = ["-bf", "0", "-b:v", "800k"];
    let whole = drawn_with(dir.path(), "whole.mp4", "320x180", 3.0, &more).await?;
    let mut bytes = std::fs::read(&whole)?;
    let middle = bytes.len() / 2;
    bytes[middle..middle + 3000].copy_from_slice(&noise(5, 3000));
    let upload = api.upload("rotten.mp4", bytes.clone()).await?;
    let wanted = ["mkv", "webm", "thumbnails"];
    let job = api.submit(&upload, &wanted).await?;
    let job = api.ended(&id(&job)?, secs(90)).await?;
    ensure!(job["state"] == "completed", "{job:#}");
    let warnings = job["warnings"].as_array().context("no warnings")?;
    ensure!(
        !warnings.is_empty() && warnings.iter().all(|w| w["code"] == "source_damaged"),
        "{job:#}"
    );
    let said: BTreeSet<_> = warnings.iter().map(|w| w["message"].as_str()).collect();
    ensure!(said.len() == warnings.len() && said.len() <= 2, "{job:#}");

    let strict = fate(&api, "rotten.mp4", bytes, json!({"strict": true})).await?;
    ensure!(strict["state"] == "failed", "{strict:#}");
    ensure!(
        strict["outputs"][0]["error"]["code"] == "source_damaged",
        "{strict:#}"
    );
    unharmed(server).await
}

#[tokio::test]
async fn cover_art_is_not_a_film() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let (song, cover) = (dir.path().join("song.mp3"), dir.path().join("cover.png"));
    ffmpeg(&[
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=300x300",
        "-frames:v",
        "1",
        &cover.to_string_lossy(),
    ])
    .await?;
    let bare = drawn_with(dir.path(), "bare.mp3", "320x180", 2.0, &["-vn"]).await?;
    ffmpeg(&[
        "-v",
        "error",
        "-i",
        &bare.to_string_lossy(),
        "-i",
        &cover.to_string_lossy(),
        "-map",
        "0",
        "-map",
        "1",
        "-c",
        "copy",
        "-disposition:v",
        "attached_pic",
        &song.to_string_lossy(),
    ])
    .await?;
    let id = api.make(&song, &["mkv", "audio-opus"]).await?;
    let job = api.ends(&id, "completed", secs(60)).await?;
    ensure!(output(&job, "mkv")?["state"] == "skipped", "{job:#}");
    ensure!(
        output(&job, "audio-opus")?["state"] == "published",
        "{job:#}"
    );

    // A picture alone is no film either.
    let job = fate(&api, "cover.png", std::fs::read(&cover)?, json!({})).await?;
    ensure!(job["state"] == "failed", "{job:#}");
    plain(&job)?;
    unharmed(server).await
}

#[tokio::test]
async fn a_lying_extension_does_not_matter() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let film = drawn(dir.path(), "film.mkv", "320x180", 1.0).await?;
    for name in [
        "film.avi",
        "film.jpg",
        "film.mp3",
        "film",
        "film.m3u8",
        ".mp4",
    ] {
        let job = fate(&api, name, std::fs::read(&film)?, json!({})).await?;
        ensure!(job["state"] == "completed", "{name}: {job:#}");
        ensure!(job["source"]["media"]["frames"] == 25, "{name}: {job:#}");
    }
    server.finish().await
}
