//! Lists by cursor, and what tells about the service itself: health, workers, figures, documents.

use anyhow::{Context, Result, ensure};
use reelmill_tests::Setup;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn jobs_are_listed_newest_first_page_by_page() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let upload = api.upload("film.mp4", vec![0; 100]).await?;
    let mut made = Vec::new();
    for n in 0..7 {
        let job = api
            .submit_with(&upload, &["mkv"], json!({"name": format!("job {n}")}))
            .await?;
        made.push(reelmill_tests::api::id(&job)?);
    }
    made.reverse();
    let mut seen = Vec::new();
    let mut path = "/api/v1/jobs?limit=3".to_owned();
    for _ in 0..4 {
        let page = api.get(&path).await?;
        let items = page["items"].as_array().context("no items")?;
        ensure!(items.len() <= 3);
        for job in items {
            seen.push(reelmill_tests::api::id(job)?);
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/api/v1/jobs?limit=3&cursor={cursor}"),
            None => break,
        }
    }
    ensure!(seen == made, "{seen:?} instead of {made:?}");
    server.finish().await
}

#[tokio::test]
async fn the_service_tells_how_it_is() -> Result<()> {
    let server = Setup::new()
        .set("encoder.name", "bench seven")
        .start()
        .await?;
    let api = server.api();
    ensure!(api.get("/healthz").await?["status"] == "ok");
    ensure!(api.get("/readyz").await?["status"] == "ok");
    let workers = api.get("/api/v1/workers").await?;
    let worker = &workers["items"][0];
    ensure!(
        worker["name"] == "bench seven" && worker["state"] == "live",
        "{workers:#}"
    );
    ensure!(
        worker["ffmpeg_version"]
            .as_str()
            .is_some_and(|v| !v.is_empty()),
        "{workers:#}"
    );
    let stats = api.get("/api/v1/stats").await?;
    ensure!(stats["workers"] == 1, "{stats:#}");
    let lanes = stats["lanes"].as_array().context("no lanes")?;
    ensure!(
        lanes
            .iter()
            .any(|l| l["lane"] == "encode" && l["slots"].as_u64() >= Some(1)),
        "{stats:#}"
    );

    let openapi = api.get("/api/openapi.json").await?;
    ensure!(
        openapi["openapi"]
            .as_str()
            .is_some_and(|v| v.starts_with("3.1")),
        "{}",
        openapi["openapi"]
    );
    for path in [
        "/api/v1/jobs",
        "/api/v1/jobs/{id}",
        "/api/v1/uploads",
        "/api/v1/presets",
        "/api/v1/events",
    ] {
        ensure!(
            openapi["paths"][path].is_object(),
            "{path} is not described"
        );
    }
    for page in ["/", "/docs"] {
        let answer = api.call(Method::GET, page, None).await?;
        ensure!(
            answer.status == 200 && answer.content_type.starts_with("text/html"),
            "{page}: {}",
            answer.status
        );
        for marker in ["https://", "http://"] {
            let outside = answer.text.match_indices(marker).any(|(at, _)| {
                let before = &answer.text[at.saturating_sub(6)..at];
                before.ends_with("src=\"")
                    || (before.ends_with("href=\"") && answer.text[..at].ends_with("<link href=\""))
            });
            ensure!(!outside, "{page} loads something from elsewhere");
        }
    }
    server.finish().await
}

#[tokio::test]
async fn a_drained_worker_takes_nothing_new_and_the_job_says_so() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let workers = api.get("/api/v1/workers").await?;
    let worker = format!(
        "/api/v1/workers/{}",
        reelmill_tests::api::id(&workers["items"][0])?
    );
    api.ok(Method::PATCH, &worker, Some(json!({"state": "disabled"})))
        .await?;
    let dir = tempfile::tempdir()?;
    let film = reelmill_tests::clips::drawn(dir.path(), "film.mp4", "160x90", 0.4).await?;
    let id = api.make(&film, &["mkv"]).await?;
    api.job_when(
        &id,
        "the job to say what it waits for",
        reelmill_tests::wait::secs(20),
        |job| {
            job["waiting_for"]
                .as_str()
                .is_some_and(|w| w.contains("worker"))
        },
    )
    .await?;
    ensure!(api.job(&id).await?["state"] == "queued");
    api.ok(Method::PATCH, &worker, Some(json!({"state": "live"})))
        .await?;
    api.ends(&id, "completed", reelmill_tests::wait::secs(60))
        .await?;
    let answer = api
        .call(Method::PATCH, &worker, Some(json!({"state": "lost"})))
        .await?;
    ensure!(answer.status == 422, "{} {}", answer.status, answer.text);
    server.finish().await
}
