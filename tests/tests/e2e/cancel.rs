//! Cancelling: the processor is free within two seconds, and the job stays cancelled.

use anyhow::{Result, ensure};
use reelmill_tests::api::output;
use reelmill_tests::wait::{secs, until_true};
use reelmill_tests::{Setup, clips, procs};
use reqwest::Method;

#[tokio::test]
async fn cancelling_stops_the_processor_within_two_seconds() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let film = clips::heavy(dir.path(), "1280x720", 20).await?;
    let id = api.make(&film, &["webm", "mp4-h265"]).await?;
    let pid = server.pid()?;
    api.job_when(&id, "an encoder at work", secs(60), |job| {
        job["progress"].as_f64() > Some(0.001) && !procs::media_tools(pid).is_empty()
    })
    .await?;

    let job = api
        .ok(Method::POST, &format!("/api/v1/jobs/{id}/cancel"), None)
        .await?;
    ensure!(job["state"] == "cancelled", "{job:#}");
    until_true("the encoders to be gone", secs(2), || {
        procs::media_tools(pid).is_empty()
    })
    .await?;
    for preset in ["webm", "mp4-h265"] {
        ensure!(output(&job, preset)?["state"] == "cancelled", "{job:#}");
    }
    let again = api
        .ok(Method::POST, &format!("/api/v1/jobs/{id}/cancel"), None)
        .await?;
    ensure!(again["state"] == "cancelled" && again["finished_at"] == job["finished_at"]);

    // What the runs had made goes too, and the next job is not held up.
    server.no_work_files().await?;
    let small = clips::drawn(dir.path(), "small.mp4", "160x90", 0.4).await?;
    let next = api.make(&small, &["mkv"]).await?;
    api.ends(&next, "completed", secs(60)).await?;
    server.finish().await
}

async fn cancel(api: &reelmill_tests::Api, id: &str) -> Result<serde_json::Value> {
    api.ok(Method::POST, &format!("/api/v1/jobs/{id}/cancel"), None)
        .await
}

#[tokio::test]
async fn a_queued_job_can_be_cancelled_paused_and_moved_up() -> Result<()> {
    let server = Setup::new().set("encoder.slots", 1).start().await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let film = clips::heavy(dir.path(), "1280x720", 20).await?;
    let small = clips::drawn(dir.path(), "small.mp4", "160x90", 0.4).await?;
    let first = api.make(&film, &["webm"]).await?;
    let pid = server.pid()?;
    api.job_when(&first, "the first to be at work", secs(60), |job| {
        job["progress"].as_f64() > Some(0.0) && !procs::media_tools(pid).is_empty()
    })
    .await?;

    // The worker may hold the next one in its hands already when another is moved up; the one after that never.
    let next = api.make(&small, &["mkv"]).await?;
    let waiting = api.make(&small, &["mkv"]).await?;
    let urgent = api.make(&small, &["mkv"]).await?;
    let held = api.make(&small, &["mkv"]).await?;
    let gone = api.make(&small, &["mkv"]).await?;
    let patch = async |id: &str, body| {
        let path = format!("/api/v1/jobs/{id}");
        api.ok(Method::PATCH, &path, Some(body)).await
    };
    patch(&held, serde_json::json!({"paused": true})).await?;
    cancel(&api, &gone).await?;
    ensure!(api.job(&gone).await?["state"] == "cancelled");
    // All are probed and wait for the one slot; then the last one overtakes.
    for id in [&next, &waiting, &urgent] {
        api.job_when(id, "the probe", secs(60), |job| {
            job["source"]["media"].is_object()
        })
        .await?;
    }
    patch(
        &urgent,
        serde_json::json!({"priority": 9, "name": "urgent"}),
    )
    .await?;
    cancel(&api, &first).await?;

    let urgent = api.ends(&urgent, "completed", secs(60)).await?;
    ensure!(
        urgent["name"] == "urgent" && urgent["priority"] == 9,
        "{urgent:#}"
    );
    let waiting = api.ends(&waiting, "completed", secs(60)).await?;
    ensure!(
        urgent["finished_at"].as_str() <= waiting["finished_at"].as_str(),
        "the urgent one came last"
    );
    api.ends(&next, "completed", secs(60)).await?;
    let paused = api.job(&held).await?;
    ensure!(
        paused["paused"] == true && paused["outputs"][0]["state"] == "waiting",
        "{paused:#}"
    );
    patch(&held, serde_json::json!({"paused": false})).await?;
    api.ends(&held, "completed", secs(60)).await?;
    api.call(
        Method::PATCH,
        &format!("/api/v1/jobs/{held}"),
        Some(serde_json::json!({"priority": 1})),
    )
    .await?
    .problem(409, "job_ended")?;
    server.finish().await
}
