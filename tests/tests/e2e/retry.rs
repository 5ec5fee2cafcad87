//! Retry: a new job of the outputs that were not published, from the same source.

use anyhow::{Result, ensure};
use reelmill_tests::api::id;
use reelmill_tests::wait::{secs, until_true};
use reelmill_tests::{Setup, clips, procs};
use reqwest::Method;

/// How many outputs are in a state.
fn count(job: &serde_json::Value, state: &str) -> usize {
    job["outputs"]
        .as_array()
        .map_or(0, |all| all.iter().filter(|o| o["state"] == state).count())
}

#[tokio::test]
async fn a_retry_makes_what_was_not_published_in_a_new_job() -> Result<()> {
    let server = Setup::new().set("encoder.slots", 1).start().await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let film = clips::heavy(dir.path(), "640x360", 4).await?;
    let upload = api.upload_file(&film).await?;
    let job = id(&api
        .submit(&upload, &["mp4-260p", "mp4-h265", "mp4-av1"])
        .await?)?;
    api.job_when(&job, "the first output", secs(240), |job| {
        count(job, "published") == 1 && count(job, "encoding") >= 1
    })
    .await?;
    let cancelled = api
        .ok(Method::POST, &format!("/api/v1/jobs/{job}/cancel"), None)
        .await?;
    let made = count(&cancelled, "published");
    let lost = count(&cancelled, "cancelled");
    ensure!(made >= 1 && lost >= 1 && made + lost == 3, "{cancelled:#}");
    let pid = server.pid()?;
    until_true("the encoder to be gone", secs(2), || {
        procs::media_tools(pid).is_empty()
    })
    .await?;

    let answer = api
        .call(Method::POST, &format!("/api/v1/jobs/{job}/retry"), None)
        .await?;
    ensure!(answer.status == 201, "{} {}", answer.status, answer.text);
    let again = answer.json()?;
    ensure!(
        answer
            .location
            .is_some_and(|l| l.ends_with(again["id"].as_str().unwrap_or("?")))
    );
    ensure!(
        again["retry_of"] == *job && again["id"] != *job,
        "{again:#}"
    );
    ensure!(
        again["source"]["id"] == cancelled["source"]["id"],
        "{again:#}"
    );
    ensure!(
        again["outputs"].as_array().map(Vec::len) == Some(lost),
        "{again:#}"
    );
    // The first may go; the second keeps the source.
    api.ok(Method::DELETE, &format!("/api/v1/jobs/{job}"), None)
        .await?;
    let done = api.ends(&id(&again)?, "completed", secs(240)).await?;
    ensure!(count(&done, "published") == lost, "{done:#}");

    let answer = api
        .call(
            Method::POST,
            &format!("/api/v1/jobs/{}/retry", id(&again)?),
            None,
        )
        .await?;
    ensure!(
        answer.status == 409,
        "nothing is left to retry: {} {}",
        answer.status,
        answer.text
    );
    server.finish().await
}
