//! Nothing piles up: outputs expire, abandoned uploads go, and after the last job the data folder holds no media.

use anyhow::{Context, Result, ensure};
use reelmill_tests::Setup;
use reelmill_tests::api::{id, output};
use reelmill_tests::clips::{drawn, noise};
use reelmill_tests::tus::Tus;
use reelmill_tests::wait::{secs, until_true};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn outputs_and_uploads_expire_by_themselves() -> Result<()> {
    let server = Setup::new()
        .set("uploads.expire_s", 60)
        .set("retention.source_s", 60)
        .start()
        .await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let film = drawn(dir.path(), "film.mp4", "160x90", 0.4).await?;
    let half = Tus::create(&api, "half.mp4", 1000).await?;
    half.patch(0, noise(4, 500)).await?;
    api.upload("unused.mp4", noise(4, 1000)).await?;
    let upload = api.upload_file(&film).await?;
    let job = api
        .submit_with(&upload, &["mkv"], json!({"expire_after_s": 60}))
        .await?;
    let id = id(&job)?;
    let job = api.ends(&id, "completed", secs(60)).await?;
    ensure!(job["expires_at"].is_string(), "{job:#}");
    let url = output(&job, "mkv")?["url"]
        .as_str()
        .context("no url")?
        .to_owned();
    api.download(&url).await?;

    until_true("everything to be swept", secs(150), || {
        server.stored().is_ok_and(|files| files.is_empty())
    })
    .await
    .with_context(|| format!("{:?}", server.stored()))?;
    let job = api.job(&id).await?;
    ensure!(
        job["state"] == "completed",
        "an ended job changed its state: {job:#}"
    );
    ensure!(output(&job, "mkv")?["state"] == "expired", "{job:#}");
    ensure!(output(&job, "mkv")?["url"].is_null(), "{job:#}");
    let answer = api.call(Method::GET, &url, None).await?;
    ensure!(answer.status == 410, "{} {}", answer.status, answer.text);
    let answer = api
        .http
        .head(&half.url)
        .header("tus-resumable", "1.0.0")
        .send()
        .await?;
    ensure!(
        [404, 410].contains(&answer.status().as_u16()),
        "{}",
        answer.status()
    );
    server.finish().await
}

#[tokio::test]
async fn an_ended_job_leaves_its_source_and_its_outputs_and_nothing_else() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let film = drawn(dir.path(), "film.mp4", "160x90", 0.4).await?;
    let job = api.make(&film, &["mkv", "audio-mp3", "thumbnails"]).await?;
    let bad = api.upload("bad.mp4", noise(8, 5000)).await?;
    let bad = id(&api.submit(&bad, &["mkv"]).await?)?;
    let job = api.ends(&job, "completed", secs(60)).await?;
    api.ends(&bad, "failed", secs(60)).await?;
    let mut files = 2; // the sources
    for made in job["outputs"].as_array().context("no outputs")? {
        files += made["files"].as_array().map_or(0, Vec::len);
    }
    until_true("work files to be gone", secs(40), || {
        server.stored().is_ok_and(|stored| stored.len() == files)
    })
    .await
    .with_context(|| format!("{files} files expected: {:?}", server.stored()))?;
    server.finish().await
}
