//! Deleting: files go with the last job or upload that uses them, never before.

use anyhow::{Context, Result, ensure};
use reelmill_tests::api::{id, output};
use reelmill_tests::clips::drawn;
use reelmill_tests::wait::{secs, until_true};
use reelmill_tests::{Server, Setup, clips, procs};
use reqwest::Method;

/// Bytes of stored objects.
fn stored(server: &Server) -> u64 {
    server
        .stored()
        .map(|files| files.iter().map(|(_, bytes)| bytes).sum())
        .unwrap_or(u64::MAX)
}

#[tokio::test]
async fn a_source_shared_by_two_jobs_goes_with_the_second() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let film = drawn(dir.path(), "film.mp4", "160x90", 0.4).await?;
    let upload = api.upload_file(&film).await?;
    let first = id(&api.submit(&upload, &["mkv"]).await?)?;
    let second = id(&api.submit(&upload, &["avi"]).await?)?;
    let job = api.ends(&first, "completed", secs(60)).await?;
    let other = api.ends(&second, "completed", secs(60)).await?;

    let gone = api
        .call(Method::DELETE, &format!("/api/v1/jobs/{first}"), None)
        .await?;
    ensure!(
        gone.status == 204 && gone.text.is_empty(),
        "{} {}",
        gone.status,
        gone.text
    );
    let url = output(&job, "mkv")?["url"].as_str().context("no url")?;
    let answer = api.call(Method::GET, url, None).await?;
    ensure!(
        answer.status == 404 || answer.status == 410,
        "{}",
        answer.status
    );
    ensure!(answer.content_type.starts_with("application/problem+json"));
    let answer = api
        .call(Method::GET, &format!("/api/v1/jobs/{first}"), None)
        .await?;
    ensure!(answer.status == 404, "{}", answer.status);
    let listed = api.get("/api/v1/jobs").await?;
    ensure!(
        listed["items"].as_array().map(Vec::len) == Some(1),
        "{listed:#}"
    );

    // The other one is whole, and its source can still be used.
    api.download(output(&other, "avi")?["url"].as_str().context("no url")?)
        .await?;
    let third = id(&api.submit(&upload, &["mkv"]).await?)?;
    api.ends(&third, "completed", secs(60)).await?;

    for job in [&second, &third] {
        api.ok(Method::DELETE, &format!("/api/v1/jobs/{job}"), None)
            .await?;
    }
    api.call(Method::DELETE, &format!("/api/v1/jobs/{third}"), None)
        .await?
        .problem(404, "not_found")?;
    let answer = api
        .raw(
            Method::DELETE,
            &format!("/api/v1/uploads/{upload}"),
            &[("tus-resumable", "1.0.0")],
            "",
        )
        .await?;
    ensure!(
        [204, 404, 410].contains(&answer.status),
        "{} {}",
        answer.status,
        answer.text
    );
    until_true("every byte to be gone", secs(30), || stored(&server) == 0)
        .await
        .with_context(|| format!("{:?}", server.stored()))?;
    server.finish().await
}

#[tokio::test]
async fn deleting_a_job_at_work_stops_it_and_leaves_nothing() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let film = clips::heavy(dir.path(), "1280x720", 10).await?;
    let upload = api.upload_file(&film).await?;
    let job = id(&api.submit(&upload, &["webm"]).await?)?;
    let pid = server.pid()?;
    api.job_when(&job, "an encoder at work", secs(60), |_| {
        !procs::media_tools(pid).is_empty()
    })
    .await?;
    api.ok(Method::DELETE, &format!("/api/v1/jobs/{job}"), None)
        .await?;
    until_true("the encoder to be gone", secs(2), || {
        procs::media_tools(pid).is_empty()
    })
    .await?;
    api.raw(
        Method::DELETE,
        &format!("/api/v1/uploads/{upload}"),
        &[("tus-resumable", "1.0.0")],
        "",
    )
    .await?;
    until_true("every byte to be gone", secs(40), || stored(&server) == 0)
        .await
        .with_context(|| format!("{:?}", server.stored()))?;
    server.finish().await
}
