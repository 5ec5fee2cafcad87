//! Sources of every shape: no sound, no picture, turned, odd, deep, HDR, variable rate, a program stream.

use anyhow::{Context, Result, ensure};
use reelmill_tests::api::output;
use reelmill_tests::clips::{drawn, drawn_with, ffmpeg};
use reelmill_tests::{Setup, clips, look, wait::secs};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Makes one output of a source; the job, and the output's file.
async fn made(api: &reelmill_tests::Api, source: &Path, preset: &str) -> Result<(Value, PathBuf)> {
    let id = api.make(source, &[preset]).await?;
    let job = api.ends(&id, "completed", secs(120)).await?;
    let url = output(&job, preset)?["url"].as_str();
    let bytes = api
        .download(url.with_context(|| format!("{job:#}"))?)
        .await?;
    let dir = source.parent().context("no folder")?;
    let file = look::file(dir, &format!("made-{preset}"), &bytes)?;
    look::decodes(&file).await?;
    Ok((job, file))
}

#[tokio::test]
async fn a_film_without_sound_and_sound_without_a_film() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let silent = drawn_with(dir.path(), "silent.mp4", "320x180", 1.0, &["-an"]).await?;
    let id = api.make(&silent, &["mkv", "audio-mp3"]).await?;
    let job = api.ends(&id, "completed", secs(60)).await?;
    ensure!(output(&job, "mkv")?["state"] == "published", "{job:#}");
    ensure!(output(&job, "mkv")?["media"]["audio_codec"].is_null());
    ensure!(output(&job, "audio-mp3")?["state"] == "skipped", "{job:#}");

    let sound = drawn_with(dir.path(), "sound.wav", "320x180", 1.0, &["-vn"]).await?;
    let id = api
        .make(
            &sound,
            &["mkv", "audio-mp3", "audio-m4a", "audio-opus", "thumbnails"],
        )
        .await?;
    let job = api.ends(&id, "completed", secs(60)).await?;
    ensure!(output(&job, "mkv")?["state"] == "skipped", "{job:#}");
    ensure!(output(&job, "thumbnails")?["state"] == "skipped", "{job:#}");
    for preset in ["audio-mp3", "audio-m4a", "audio-opus"] {
        let made = output(&job, preset)?;
        ensure!(made["state"] == "published", "{made:#}");
        let bytes = api
            .download(made["url"].as_str().context("no url")?)
            .await?;
        let file = look::file(dir.path(), preset, &bytes)?;
        ensure!(look::loudness(&file).await? > -40.0);
    }
    server.finish().await
}

#[tokio::test]
async fn a_turned_phone_film_stands_upright() -> Result<()> {
    let server = Setup::new().start().await?;
    let dir = tempfile::tempdir()?;
    let flat = drawn(dir.path(), "flat.mp4", "320x180", 1.0).await?;
    let turned = dir.path().join("turned.mp4");
    let (from, to) = (flat.to_string_lossy(), turned.to_string_lossy());
    let copy = ["-i", &from, "-c", "copy"];
    // FFmpeg 6 brought an option for it; before, a tag was turned into the matrix.
    let new = [
        &["-v", "error", "-display_rotation", "90"],
        &copy[..],
        &[&to],
    ]
    .concat();
    if ffmpeg(&new).await.is_err() {
        let tag = ["-metadata:s:v:0", "rotate=270", &to];
        ffmpeg(&[&["-v", "error"], &copy[..], &tag].concat()).await?;
    }
    let (job, file) = made(&server.api(), &turned, "mkv").await?;
    ensure!(job["source"]["media"]["width"] == 180, "{job:#}");
    let probe = look::probe(&file).await?;
    let video = look::stream(&probe, "video").context("no picture")?;
    ensure!(video["width"] == 180 && video["height"] == 320, "{video:#}");
    ensure!(video["side_data_list"].is_null(), "turned twice: {video:#}");
    server.finish().await
}

#[tokio::test]
async fn an_odd_picture_becomes_even() -> Result<()> {
    let server = Setup::new().start().await?;
    let dir = tempfile::tempdir()?;
    let odd = drawn_with(
        dir.path(),
        "odd.mkv",
        "321x181",
        1.0,
        &["-c:v", "ffv1", "-pix_fmt", "yuv444p"],
    )
    .await?;
    let (job, file) = made(&server.api(), &odd, "mkv").await?;
    let media = &output(&job, "mkv")?["media"];
    let even = |v: &Value| v.as_u64().is_some_and(|n| n % 2 == 0);
    ensure!(even(&media["width"]) && even(&media["height"]), "{media:#}");
    let probe = look::probe(&file).await?;
    ensure!(look::frames(&probe)? == 25);
    ensure!(look::stream(&probe, "video").is_some_and(|v| v["pix_fmt"] == "yuv420p"));
    server.finish().await
}

#[tokio::test]
async fn deep_hdr_becomes_a_film_that_any_player_shows() -> Result<()> {
    let server = Setup::new().start().await?;
    let dir = tempfile::tempdir()?;
    let hdr = drawn_with(
        dir.path(),
        "hdr.mkv",
        "320x180",
        1.0,
        &[
            "-pix_fmt",
            "yuv420p10le",
            "-c:v",
            "libx265",
            "-x265-params",
            "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc",
        ],
    )
    .await?;
    let (job, file) = made(&server.api(), &hdr, "mkv").await?;
    ensure!(job["source"]["media"]["hdr"] == true, "{job:#}");
    let probe = look::probe(&file).await?;
    let video = look::stream(&probe, "video").context("no picture")?;
    ensure!(video["pix_fmt"] == "yuv420p", "{video:#}");
    ensure!(
        video["color_transfer"] != "smpte2084",
        "still tagged as HDR: {video:#}"
    );
    ensure!(look::frames(&probe)? == 25);
    server.finish().await
}

#[tokio::test]
async fn a_variable_rate_is_kept_where_the_container_can() -> Result<()> {
    let server = Setup::new().start().await?;
    let dir = tempfile::tempdir()?;
    // Frames 0, 1, 4, 7, 10, … of 50: gaps of one and of three.
    let vfr = drawn_with(
        dir.path(),
        "vfr.mkv",
        "320x180",
        2.0,
        &["-vf", "select='not(mod(n,3))+eq(n,1)'", "-vsync", "vfr"],
    )
    .await?;
    let frames = look::frames(&look::probe(&vfr).await?)?;
    for preset in ["mkv", "webm"] {
        let (_, file) = made(&server.api(), &vfr, preset).await?;
        let probe = look::probe(&file).await?;
        ensure!(
            look::frames(&probe)? == frames,
            "{preset}: {} of {frames}",
            look::frames(&probe)?
        );
    }
    let (_, file) = made(&server.api(), &vfr, "avi").await?;
    let length = look::duration(&look::probe(&file).await?)?;
    ensure!(
        (length - 2.0).abs() < 0.15,
        "avi has a fixed rate, but lasts {length} s"
    );
    server.finish().await
}

#[tokio::test]
async fn a_program_stream_with_mpeg2_comes_through_whole() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let id = api.make(&clips::kept("cityCC0.mpg"), &["mp4-260p"]).await?;
    let job = api.ends(&id, "completed", secs(120)).await?;
    let made = output(&job, "mp4-260p")?;
    let dir = tempfile::tempdir()?;
    let file = look::file(
        dir.path(),
        "made.mp4",
        &api.download(made["url"].as_str().context("no url")?)
            .await?,
    )?;
    let frames = look::frames(&look::probe(&clips::kept("cityCC0.mpg")).await?)?;
    ensure!(
        look::frames(&look::probe(&file).await?)? == frames,
        "{job:#}"
    );
    server.finish().await
}
