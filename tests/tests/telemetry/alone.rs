//! One process: `reelmill serve`.

use crate::receiver::{Manner, Receiver};
use crate::story::Story;
use anyhow::{Context, Result, ensure};
use reelmill_tests::api::id;
use reelmill_tests::wait::secs;
use reelmill_tests::{Setup, clips};
use reqwest::Method;
use serde_json::json;

const SERVICE: &str = "reelmill-serve";
const NOBODY: &str = "";

#[tokio::test]
async fn one_trace_runs_from_the_last_byte_to_the_published_outputs() -> Result<()> {
    let receiver = Receiver::start(Manner::Takes).await?;
    let server = Setup::new()
        .set("otel.endpoint", &receiver.endpoint)
        .start()
        .await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let film = clips::drawn(dir.path(), "film.mp4", "320x180", 2.0).await?;
    let job = api.make(&film, &["mkv", "avi"]).await?;
    api.ends(&job, "completed", secs(60)).await?;
    server.finish().await?;

    // Nothing was waited for: what came last was sent at the end.
    let story = Story::of(&receiver, &job)?;
    story.whole(2)?;
    let put = "PUT /api/v1/uploads";
    story.unbroken(put, NOBODY)?;
    let upload = story.one("upload finished")?;
    ensure!(story.way_up(upload) == ["upload finished", put]);
    let submitted = story.one("job submitted")?;
    let way = story.way_up(submitted);
    ensure!(way == ["job submitted", "upload finished", put], "{way:?}");
    ensure!(submitted.links == 1, "no link to its request");

    for metric in [
        "reelmill_upload_bytes_total",
        "reelmill_encode_seconds",
        "reelmill_task_releases_total",
        "process_resident_memory_bytes",
    ] {
        ensure!(receiver.has_metric(SERVICE, metric), "no {metric}");
    }
    let logs = receiver.logs();
    ensure!(logs.iter().all(|log| log.service == SERVICE));
    let said = |words: &str| logs.iter().find(|log| log.body.contains(words));
    ensure!(said("stopping").is_some(), "the last words are missing");
    let ended = said("ended").context("no word of a run")?;
    ensure!(ended.trace == submitted.trace, "{ended:?}");
    ensure!(ended.attributes.contains_key("outcome"), "{ended:?}");
    Ok(())
}

#[tokio::test]
async fn a_clients_trace_is_continued() -> Result<()> {
    let receiver = Receiver::start(Manner::Takes).await?;
    let server = Setup::new()
        .set("otel.endpoint", &receiver.endpoint)
        .set("log.format", "json")
        .start()
        .await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let film = clips::drawn(dir.path(), "film.mp4", "320x180", 1.0).await?;
    let upload = api.upload_file(&film).await?;
    let (trace, parent) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    let body = json!({"source": {"upload": upload}, "outputs": [{"preset": "mkv"}]}).to_string();
    let headers = [
        ("content-type", "application/json"),
        ("traceparent", &format!("00-{trace}-{parent}-01")),
    ];
    let answer = api
        .raw(Method::POST, "/api/v1/jobs", &headers, body)
        .await?;
    ensure!(answer.status == 201, "{}", answer.text);
    let job = id(&answer.json()?)?;
    api.ends(&job, "completed", secs(60)).await?;
    let log = server.log();
    server.finish().await?;

    let story = Story::of(&receiver, &job)?;
    ensure!(story.spans[0].trace == trace);
    story.whole(1)?;
    story.unbroken("POST /api/v1/jobs", parent)?;
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains(&format!("\"trace_id\":\"{trace}\"")))
        .collect();
    ensure!(!lines.is_empty(), "no line of log names the trace:\n{log}");
    for line in lines {
        let line: serde_json::Value = serde_json::from_str(line)?;
        ensure!(line["span_id"].as_str().is_some_and(|id| id.len() == 16));
    }
    Ok(())
}
