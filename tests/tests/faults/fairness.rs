//! Who gets the next free slot, and how long a task may hold one.

use super::support::{LONG, encoding, film, ran_once, short};
use anyhow::{Context, Result, ensure};
use reelmill_tests::api::{ended, id};
use reelmill_tests::cluster::{Cluster, Servers};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

#[tokio::test]
async fn an_idle_worker_runs_short_tasks_at_once_while_the_other_is_busy() -> Result<()> {
    let cluster = Cluster::builder().encoders(2).start().await?;
    let api = cluster.api();
    let (dir, film) = film(60).await?;
    let long = api.make(&film, &["mp4-h265"]).await?;
    encoding(&cluster, &long).await?;
    let small = short(&dir, "small.mp4").await?;
    let upload = api.upload_file(&small).await?;
    let mut jobs = Vec::new();
    for _ in 0..5 {
        jobs.push(id(&api.submit(&upload, &["mkv"]).await?)?);
    }
    for job in &jobs {
        api.ends(job, "completed", LONG).await?;
        ran_once(&cluster, job).await?;
    }
    let busy = api.job(&long).await?;
    ensure!(!ended(&busy), "the long job was to outlast the short ones");
    api.call(
        reqwest::Method::POST,
        &format!("/api/v1/jobs/{long}/cancel"),
        None,
    )
    .await?;
    cluster.finish().await
}

#[tokio::test]
async fn a_job_of_priority_9_gets_the_next_free_slot() -> Result<()> {
    let cluster = Cluster::builder().start().await?;
    let api = cluster.api();
    let (dir, film) = film(3).await?;
    let upload = api.upload_file(&film).await?;
    let mut queue = Vec::new();
    for _ in 0..5 {
        queue.push(id(&api.submit(&upload, &["mkv"]).await?)?);
    }
    encoding(&cluster, &queue[0]).await?;
    let small = short(&dir, "small.mp4").await?;
    let urgent = api.upload_file(&small).await?;
    let urgent = id(&api
        .submit_with(&urgent, &["mkv"], json!({ "priority": 9 }))
        .await?)?;
    api.ends(&urgent, "completed", LONG).await?;
    for job in &queue {
        api.ends(job, "completed", LONG).await?;
    }
    // The encode of the urgent job began before every other's but those that had begun or were on their way.
    let order = cluster
        .database()
        .texts(
            "SELECT LOWER(HEX(job_id)) FROM job_events WHERE kind = 'output' \
             AND JSON_UNQUOTE(JSON_EXTRACT(body_json, '$.state')) = 'published' ORDER BY id",
        )
        .await?;
    let place = order.iter().position(|job| *job == urgent.replace('-', ""));
    let place = place.context("the urgent job was never published")?;
    ensure!(place <= 2, "{place} jobs came before it");
    cluster.finish().await
}

#[tokio::test]
async fn an_encode_may_take_longer_than_the_brokers_consumer_timeout() -> Result<()> {
    let timeout_s: u64 = Servers::shared().get("CONSUMER_TIMEOUT_S")?.parse()?;
    let dir = tempfile::tempdir()?;
    let program = dir.path().join("ffmpeg");
    // An encode that takes its time: it says progress all along.
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *libx264*)\n  end=$(($(date +%s) + {}))\n  while [ $(date +%s) -lt $end ]; do printf 'frame=1\\nout_time_us=40000\\nprogress=continue\\n'; sleep 1; done;;\nesac\nexec ffmpeg \"$@\"\n",
        timeout_s + 15
    );
    std::fs::write(&program, script)?;
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
    let cluster = Cluster::builder()
        .set("encoder.ffmpeg", program.display())
        .start()
        .await?;
    let api = cluster.api();
    let small = short(&dir, "small.mp4").await?;
    let begun = std::time::Instant::now();
    let job = api.make(&small, &["mkv"]).await?;
    api.ends(&job, "completed", LONG).await?;
    ensure!(
        begun.elapsed().as_secs() > timeout_s,
        "it was not long enough to tell"
    );
    ran_once(&cluster, &job).await?;
    let redelivered: u64 = cluster
        .rabbit()
        .queues()
        .await?
        .iter()
        .map(|q| q.redelivered)
        .sum();
    ensure!(redelivered == 0, "{redelivered} redeliveries");
    cluster.finish().await
}
