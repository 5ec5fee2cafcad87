//! `kill -9` while jobs are probed, encoded and assembled: they complete, with the same bytes, and nothing is left behind.

use anyhow::{Context, Result, ensure};
use reelmill_tests::api::output;
use reelmill_tests::clips::drawn;
use reelmill_tests::wait::secs;
use reelmill_tests::{Setup, clips, look};
use serde_json::Value;
use std::time::Duration;

const PRESETS: [&str; 3] = ["mkv", "ogg", "webm"];

/// Names and checksums of what a job made.
fn fingerprints(job: &Value) -> Result<Vec<(String, String)>> {
    PRESETS
        .iter()
        .map(|preset| {
            let made = output(job, preset)?;
            ensure!(made["state"] == "published", "{job:#}");
            Ok((preset.to_string(), made["sha256"].to_string()))
        })
        .collect()
}

#[tokio::test]
async fn a_killed_server_finishes_its_job_with_the_same_bytes() -> Result<()> {
    let mut server = Setup::new().set("tasks.lease_s", 3).start().await?;
    let dir = tempfile::tempdir()?;
    let film = drawn(dir.path(), "film.mp4", "640x360", 4.0).await?;
    let id = server.api().make(&film, &PRESETS).await?;
    let calm = fingerprints(&server.api().ends(&id, "completed", secs(240)).await?)?;

    // Moments spread over the whole life of a job, from a fixed seed.
    let moments = clips::noise(20, 5);
    for (n, byte) in moments.into_iter().enumerate() {
        let moment = Duration::from_millis(u64::from(byte) * 12 + 40 * n as u64);
        let id = server.api().make(&film, &PRESETS).await?;
        for strike in 0..2 {
            tokio::time::sleep(moment / (strike + 1)).await;
            server.crash().await?;
        }
        let job = server.api().ends(&id, "completed", secs(240)).await?;
        ensure!(
            fingerprints(&job)? == calm,
            "struck after {moment:?}: other bytes: {job:#}"
        );
        ensure!(
            PRESETS
                .iter()
                .all(|p| output(&job, p).is_ok_and(|o| o["failures"] == 0)),
            "a crash of the server counted as a failure of the task: {job:#}"
        );
    }
    server.no_work_files().await?;
    server.finish().await
}

#[tokio::test]
async fn a_job_that_was_answered_survives_a_kill_at_once() -> Result<()> {
    let mut server = Setup::new().set("tasks.lease_s", 3).start().await?;
    let dir = tempfile::tempdir()?;
    let film = drawn(dir.path(), "film.mp4", "160x90", 0.4).await?;
    let mut ids = Vec::new();
    for _ in 0..6 {
        let upload = server.api().upload_file(&film).await?;
        let job = server.api().submit(&upload, &["mkv"]).await?;
        server.crash().await?;
        ids.push(reelmill_tests::api::id(&job)?);
    }
    for id in ids {
        let job = server.api().ends(&id, "completed", secs(60)).await?;
        let url = output(&job, "mkv")?["url"].as_str().context("no url")?;
        let file = look::file(dir.path(), "made.mkv", &server.api().download(url).await?)?;
        look::decodes(&file).await?;
    }
    server.no_work_files().await?;
    server.finish().await
}

#[tokio::test]
async fn a_graceful_stop_gives_work_back_and_it_goes_on() -> Result<()> {
    let mut server = Setup::new().set("encoder.drain_grace_s", 0).start().await?;
    let dir = tempfile::tempdir()?;
    let film = clips::heavy(dir.path(), "640x360", 4).await?;
    let id = server.api().make(&film, &["mp4-h265"]).await?;
    server
        .api()
        .job_when(&id, "progress", secs(60), |job| {
            job["progress"].as_f64() > Some(0.0)
        })
        .await?;
    let status = server.stop().await?;
    ensure!(status.success(), "{status}");
    server.launch().await?;
    let job = server.api().ends(&id, "completed", secs(240)).await?;
    ensure!(
        output(&job, "mp4-h265")?["failures"] == 0,
        "a graceful stop counted as a failure: {job:#}"
    );
    server.no_work_files().await?;
    server.finish().await
}
