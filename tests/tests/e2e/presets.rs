//! Every preset of the list: made from one film, fetched and decoded.

use anyhow::{Context, Result, ensure};
use reelmill_tests::api::output;
use reelmill_tests::{Setup, clips, look, wait::secs};
use serde_json::Value;

const ALL: [&str; 14] = [
    "avi",
    "mkv",
    "ogg",
    "webm",
    "mp4-1080p",
    "mp4-720p",
    "mp4-480p",
    "mp4-260p",
    "mp4-h265",
    "mp4-av1",
    "audio-mp3",
    "audio-m4a",
    "audio-opus",
    "thumbnails",
];

/// Preset, picture codec, sound codec, height.
const WANT: [(&str, &str, &str, u64); 13] = [
    ("avi", "mpeg4", "mp3", 1080),
    ("mkv", "h264", "aac", 1080),
    ("ogg", "theora", "vorbis", 1080),
    ("webm", "vp9", "opus", 1080),
    ("mp4-1080p", "h264", "aac", 1080),
    ("mp4-720p", "h264", "aac", 720),
    ("mp4-480p", "h264", "aac", 480),
    ("mp4-260p", "h264", "aac", 260),
    ("mp4-h265", "hevc", "aac", 1080),
    ("mp4-av1", "av1", "", 1080),
    ("audio-mp3", "", "mp3", 0),
    ("audio-m4a", "", "aac", 0),
    ("audio-opus", "", "opus", 0),
];

#[tokio::test]
async fn every_preset_of_the_list_can_be_made() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let listed = api.get("/api/v1/presets?limit=100").await?;
    for name in ALL {
        let preset = listed["items"]
            .as_array()
            .and_then(|all| all.iter().find(|p| p["name"] == name))
            .with_context(|| format!("{name} is not listed"))?;
        ensure!(preset["available"] == true, "{preset:#}");
    }

    let dir = tempfile::tempdir()?;
    let film = clips::drawn(dir.path(), "film.mp4", "1920x1080", 1.0).await?;
    let id = api.make(&film, &ALL).await?;
    let job = api.ends(&id, "completed", secs(500)).await?;
    for (preset, video, audio, height) in WANT {
        let made = output(&job, preset)?;
        ensure!(made["state"] == "published", "{made:#}");
        let url = made["url"].as_str().context("no url")?;
        let file = look::file(dir.path(), preset, &api.download(url).await?)?;
        look::decodes(&file).await.context(preset)?;
        let probe = look::probe(&file).await?;
        let codec = |kind| {
            look::stream(&probe, kind).map_or("", |s| s["codec_name"].as_str().unwrap_or(""))
        };
        ensure!(codec("video") == video, "{preset}: {probe:#}");
        ensure!(
            audio.is_empty() || codec("audio") == audio,
            "{preset}: {probe:#}"
        );
        if height > 0 {
            ensure!(look::frames(&probe)? == 25, "{preset}: {probe:#}");
            ensure!(
                look::stream(&probe, "video").is_some_and(|v| v["height"] == height),
                "{preset}"
            );
        }
        let off = (look::duration(&probe)? - 1.0).abs();
        ensure!(off < 0.1, "{preset}: the length is off by {off} s");
    }
    thumbnails(&api, output(&job, "thumbnails")?, dir.path()).await?;
    server.finish().await
}

async fn thumbnails(api: &reelmill_tests::Api, made: &Value, dir: &std::path::Path) -> Result<()> {
    let files = made["files"].as_array().context("no files")?;
    ensure!(
        files.len() >= 3,
        "a poster, a sheet and its WebVTT: {made:#}"
    );
    ensure!(
        made["url"] == files[0]["url"],
        "the entry file comes first: {made:#}"
    );
    let mut sheets = 0;
    for file in files {
        let name = file["name"].as_str().context("no name")?;
        let bytes = api
            .download(file["url"].as_str().context("no url")?)
            .await?;
        ensure!(file["bytes"] == bytes.len());
        if name.ends_with(".vtt") {
            let text = String::from_utf8(bytes)?;
            ensure!(text.starts_with("WEBVTT"), "{text}");
            ensure!(text.contains("#xywh=") && text.contains("-->"), "{text}");
        } else {
            sheets += 1;
            look::decodes(&look::file(dir, name, &bytes)?).await?;
        }
    }
    ensure!(sheets >= 2, "{made:#}");
    Ok(())
}

#[tokio::test]
async fn a_rung_above_the_source_is_skipped_and_nothing_is_upscaled() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let film = clips::drawn(dir.path(), "small.mp4", "640x480", 1.0).await?;
    let id = api
        .make(&film, &["mp4-1080p", "mp4-720p", "mp4-480p", "mkv"])
        .await?;
    let job = api.ends(&id, "completed", secs(120)).await?;
    for rung in ["mp4-1080p", "mp4-720p"] {
        let skipped = output(&job, rung)?;
        ensure!(skipped["state"] == "skipped", "{skipped:#}");
        ensure!(
            skipped["reason"].as_str().is_some_and(|r| r.len() > 10),
            "{skipped:#}"
        );
        ensure!(skipped["url"].is_null());
    }
    ensure!(output(&job, "mp4-480p")?["media"]["height"] == 480);
    ensure!(output(&job, "mkv")?["media"]["width"] == 640);

    let all_skipped = api.make(&film, &["mp4-1080p"]).await?;
    let job = api.ends(&all_skipped, "completed", secs(60)).await?;
    ensure!(
        job["warnings"].as_array().is_some_and(|w| !w.is_empty()),
        "{job:#}"
    );
    server.finish().await
}

#[tokio::test]
async fn a_preset_of_ones_own_is_made_and_a_wrong_one_is_refused() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let film = clips::drawn(dir.path(), "film.mp4", "320x180", 1.0).await?;
    let upload = api.upload_file(&film).await?;
    let mut preset = serde_json::json!({
        "name": "mine", "container": "mkv",
        "video": {"encoder": "libx264", "rate": {"crf": 30.0}, "speed": "ultrafast", "max_width": 160, "max_height": 90},
    });
    let order = |preset: &Value| serde_json::json!({"source": {"upload": upload}, "outputs": [{"preset": preset}]});
    let job = api
        .ok(reqwest::Method::POST, "/api/v1/jobs", Some(order(&preset)))
        .await?;
    let job = api
        .ends(&reelmill_tests::api::id(&job)?, "completed", secs(60))
        .await?;
    ensure!(job["outputs"][0]["media"]["width"] == 160, "{job:#}");

    preset["video"]["rate"] = serde_json::json!({"crf": 99.0});
    let refused = api
        .call(reqwest::Method::POST, "/api/v1/jobs", Some(order(&preset)))
        .await?;
    ensure!(refused.status == 422, "{}", refused.text);
    preset["video"]["rate"] = serde_json::json!({"crf": 30.0});
    preset["video"]["speed"] = serde_json::json!("-vf movie=/etc/passwd");
    let refused = api
        .call(reqwest::Method::POST, "/api/v1/jobs", Some(order(&preset)))
        .await?;
    ensure!(refused.status == 422, "{}", refused.text);
    server.finish().await
}
