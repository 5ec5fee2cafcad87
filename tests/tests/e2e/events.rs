//! Server-sent events: live, in order, and a client that reconnects misses nothing.

use anyhow::{Context, Result, ensure};
use reelmill_tests::clips::drawn;
use reelmill_tests::sse::{Event, Events};
use reelmill_tests::{Setup, api, wait::secs};
use reqwest::Method;

fn is_end(event: &Event) -> bool {
    event.name == "job" && api::ended(&event.data)
}

/// The lasting events (those with an id), as (id, name, state).
fn story(events: &[Event]) -> Vec<(String, String, String)> {
    events
        .iter()
        .filter_map(|e| Some((e.id.clone()?, e.name.clone(), e.data["state"].to_string())))
        .collect()
}

#[tokio::test]
async fn a_job_tells_its_whole_story_in_order_whoever_reconnects_where() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let film = drawn(dir.path(), "film.mp4", "320x180", 2.0).await?;
    let upload = api.upload_file(&film).await?;
    let id = api::id(&api.submit(&upload, &["mkv", "webm"]).await?)?;
    let path = format!("/api/v1/jobs/{id}/events");
    let live = Events::open(&api, &path, None)
        .await?
        .until(secs(60), is_end)
        .await?;
    let whole = story(&live);
    ensure!(whole.len() >= 5, "{whole:?}");
    for (n, event) in live.iter().filter(|e| e.id.is_some()).enumerate() {
        let seq = event.data["seq"].as_u64().context("no seq")?;
        let first = live
            .iter()
            .find_map(|e| e.data["seq"].as_u64())
            .unwrap_or(1);
        ensure!(seq == first + n as u64, "a gap before {event:?}");
        ensure!(event.data["job"] == *id, "{event:?}");
    }

    // From every point of it, the rest and nothing else.
    for n in 0..whole.len() - 1 {
        let mut again = Events::open(&api, &path, Some(&whole[n].0)).await?;
        let rest = story(&again.until(secs(20), is_end).await?);
        ensure!(rest == whole[n + 1..], "after {:?}: {rest:?}", whole[n]);
    }
    server.finish().await
}

#[tokio::test]
async fn the_global_stream_misses_nothing_across_a_crash() -> Result<()> {
    let mut server = Setup::new().set("tasks.lease_s", 3).start().await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let film = drawn(dir.path(), "film.mp4", "160x90", 0.4).await?;
    let mut stream = Events::open(&api, "/api/v1/events", None).await?;
    let first = api.make(&film, &["mkv"]).await?;
    let mut seen = stream
        .until(secs(60), |e| is_end(e) && e.data["job"] == *first)
        .await?;
    let last = seen
        .iter()
        .rev()
        .find_map(|e| e.id.clone())
        .context("no id")?;
    // While nobody listens: a job, a crash, another job, a deletion.
    let second = api.make(&film, &["mkv"]).await?;
    server.crash().await?;
    let third = api.make(&film, &["mkv"]).await?;
    api.ends(&second, "completed", secs(60)).await?;
    api.ends(&third, "completed", secs(60)).await?;
    api.ok(Method::DELETE, &format!("/api/v1/jobs/{second}"), None)
        .await?;

    let mut stream = Events::open(&api, "/api/v1/events", Some(&last)).await?;
    let rest = stream
        .until(secs(30), |e| {
            e.name == "deleted" && e.data["job"] == *second
        })
        .await?;
    ensure!(
        rest.iter().any(|e| is_end(e) && e.data["job"] == *third),
        "{:?}",
        story(&rest)
    );
    seen.extend(rest);
    let ids: Vec<_> = seen.iter().filter_map(|e| e.id.clone()).collect();
    let mut unique = ids.clone();
    unique.sort();
    unique.dedup();
    ensure!(unique.len() == ids.len(), "an id came twice: {ids:?}");
    server.finish().await
}

#[tokio::test]
async fn progress_is_live_and_never_runs_backwards() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let film = reelmill_tests::clips::heavy(dir.path(), "640x360", 3).await?;
    let upload = api.upload_file(&film).await?;
    let id = api::id(&api.submit(&upload, &["mp4-h265"]).await?)?;
    let mut stream = Events::open(&api, &format!("/api/v1/jobs/{id}/events"), None).await?;
    let seen = stream.until(secs(240), is_end).await?;
    let progress: Vec<f64> = seen
        .iter()
        .filter(|e| e.name == "progress")
        .filter_map(|e| e.data["progress"].as_f64())
        .collect();
    ensure!(progress.len() >= 3, "only {} reports", progress.len());
    ensure!(progress.is_sorted(), "it ran backwards: {progress:?}");
    ensure!(
        progress.iter().all(|p| (0.0..=1.0).contains(p)),
        "{progress:?}"
    );
    ensure!(
        progress.iter().any(|p| *p > 0.0 && *p < 1.0),
        "{progress:?}"
    );
    ensure!(
        seen.iter()
            .filter(|e| e.name == "progress")
            .all(|e| e.id.is_none())
    );
    server.finish().await
}
