//! What a status counts of what goes wrong, on its page of metrics: exactly what happened.

use anyhow::{Context, Result, ensure};
use reelmill_tests::clips;
use reelmill_tests::cluster::{Cluster, Process, Role};
use reelmill_tests::wait::{secs, until};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

/// A sample, by its name and all its labels as they stand there; nothing: 0.
async fn figure(status: &Process, sample: &str) -> Result<f64> {
    let page = String::from_utf8(status.api().download("/metrics").await?)?;
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.map_or(Ok(0.0), |value| value.parse().context("no number"))
}

/// Waits until a sample has this value.
async fn becomes(status: &Process, sample: &str, value: f64) -> Result<()> {
    until(&format!("{sample} to be {value}"), secs(60), || async {
        let now = figure(status, sample).await?;
        Ok((now >= value).then_some(()))
    })
    .await?;
    let now = figure(status, sample).await?;
    ensure!(now == value, "{sample} is {now}, not {value}");
    Ok(())
}

/// Puts a body into the queue of events, as a worker does.
async fn say(cluster: &Cluster, body: &str) -> Result<()> {
    let rabbit = cluster.rabbit();
    let path = format!("/api/exchanges/{}/amq.default/publish", rabbit.vhost());
    let message = json!({
        "properties": {"delivery_mode": 2},
        "routing_key": "reelmill.events",
        "payload": body,
        "payload_encoding": "string",
    });
    let answer = rabbit.call(Method::POST, &path, Some(message)).await?;
    ensure!(answer["routed"] == true, "{answer}");
    Ok(())
}

#[tokio::test]
async fn lapsed_leases_and_ended_jobs_are_counted() -> Result<()> {
    let mut cluster = Cluster::builder()
        .encoders(2)
        .set("tasks.lease_s", 3)
        .start()
        .await?;
    let api = cluster.api();
    let dir = tempfile::tempdir()?;
    let film = clips::heavy(dir.path(), "640x360", 6).await?;
    let job = api.make(&film, &["webm"]).await?;
    let busy = until("an encoder to encode", secs(60), || async {
        if api.job(&job).await?["state"] != "encoding" {
            return Ok(None);
        }
        let processes = cluster.processes().iter();
        let mut encoders = processes.filter(|p| p.role() == Role::Encoder);
        Ok(encoders.position(|p| !p.media_tools().is_empty()))
    })
    .await?;
    cluster.encoder(busy).kill().await?;
    api.ends(&job, "completed", secs(180)).await?;
    let again = api.make(&clips::bunny(), &["audio-mp3"]).await?;
    api.ends(&again, "completed", secs(60)).await?;
    let status = cluster.status(0);
    becomes(status, "reelmill_leases_lapsed_total", 1.0).await?;
    let completed = "reelmill_jobs_ended_total{state=\"completed\"}";
    becomes(status, completed, 2.0).await?;
    cluster.encoder(busy).launch().await?;
    cluster.finish().await
}

#[tokio::test]
async fn events_that_nobody_can_take_in_are_kept_and_told() -> Result<()> {
    let mut cluster = Cluster::builder().start().await?;
    let ours = json!({"schema": 1, "id": Uuid::now_v7(), "worker": Uuid::now_v7(), "body": {"event": "bye"}});
    let mut newer = ours.clone();
    newer["schema"] = json!(9);
    for body in ["neither JSON nor ours", "{\"schema\": 1}"] {
        say(&cluster, body).await?;
    }
    say(&cluster, &newer.to_string()).await?;
    say(&cluster, &ours.to_string()).await?;
    let status = cluster.status(0);
    becomes(status, "reelmill_unreadable_messages", 2.0).await?;
    becomes(status, "reelmill_events_total{kind=\"bye\"}", 1.0).await?;
    let parked = "reelmill_events_refused_total{why=\"newer_version\"}";
    until("the newer event to be held", secs(30), || async {
        Ok((figure(status, parked).await? >= 1.0).then_some(()))
    })
    .await?;

    // Work goes on, and nothing of it got lost.
    let api = cluster.api();
    let job = api.make(&clips::bunny(), &["audio-mp3"]).await?;
    api.ends(&job, "completed", secs(60)).await?;
    until("both to be kept apart", secs(30), || async {
        let apart = cluster.rabbit().queue("reelmill.unreadable").await?;
        Ok((apart.ready == 2).then_some(()))
    })
    .await?;
    let events = cluster.rabbit().queue("reelmill.events").await?;
    ensure!(events.ready + events.unacknowledged >= 1, "{events:?}");
    // Only a newer status would take it.
    cluster.status(0).terminate().await?;
    until("it to be given back", secs(30), || async {
        let events = cluster.rabbit().queue("reelmill.events").await?;
        Ok((events.ready >= 1 && events.unacknowledged == 0).then_some(()))
    })
    .await?;
    cluster.rabbit().purge("reelmill.events").await?;
    cluster.rabbit().purge("reelmill.unreadable").await?;
    cluster.status(0).launch().await?;
    cluster.finish().await
}
