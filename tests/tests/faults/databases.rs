//! MariaDB that dies in the middle of everything, or stands still for a while.

use super::support::{LONG, encoding, film, plays, ran_once, short, sum};
use anyhow::{Context, Result, ensure};
use reelmill_tests::api::{Answer, Api, id};
use reelmill_tests::cluster::Cluster;
use reelmill_tests::wait::secs;
use reqwest::Method;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long the dead one is away, at least.
const AWAY: Duration = Duration::from_secs(4);
/// How long the slow one stands still.
const SLOW: Duration = Duration::from_secs(5);

/// One try to submit.
async fn try_once(api: &Api, upload: &str, key: &str) -> Result<Answer> {
    let body = json!({"source": {"upload": upload}, "outputs": [{"preset": "mkv"}]});
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", key),
    ];
    api.raw(Method::POST, "/api/v1/jobs", &headers, body.to_string())
        .await
}

/// What a patient client does: sends the same again, with the same key, while the answer is 5xx. The job, and how often it was sent.
async fn insist(api: Api, upload: String, key: String) -> Result<(String, u32)> {
    let begun = Instant::now();
    let mut tries = 0;
    loop {
        tries += 1;
        let answer = try_once(&api, &upload, &key).await?;
        match answer.status {
            200 | 201 => return Ok((id(&answer.json()?)?, tries)),
            500..=599 => ensure!(begun.elapsed() < LONG, "never taken: {}", answer.text),
            other => anyhow::bail!("{other} {}", answer.text),
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// Sends so many jobs at once, each with a key of its own.
fn insist_many(
    api: &Api,
    upload: &str,
    name: &str,
    many: usize,
) -> Vec<tokio::task::JoinHandle<Result<(String, u32)>>> {
    (0..many)
        .map(|n| {
            tokio::spawn(insist(
                api.clone(),
                upload.to_owned(),
                format!("{name}-{n}"),
            ))
        })
        .collect()
}

#[tokio::test]
async fn a_database_that_dies_or_stands_still_loses_and_doubles_nothing() -> Result<()> {
    let servers = reelmill_tests::cluster::Servers::own(&["mysql"]).await?;
    let mut cluster = Cluster::builder()
        .servers(servers)
        .webapps(2)
        .statuses(2)
        .encoders(2)
        .set("tasks.lease_s", 4)
        .start()
        .await?;
    let api = cluster.api();
    let (dir, long) = film(6).await?;
    let film = api.upload_file(&long).await?;
    let small = api.upload_file(&short(&dir, "small.mp4").await?).await?;
    let mut jobs = Vec::new();

    for (round, name) in ["killed", "slow"].into_iter().enumerate() {
        let running = id(&api.submit(&film, &["mkv"]).await?)?;
        let worker = encoding(&cluster, &running).await?;
        // In flight when it happens, and sent while it lasts.
        let before = insist_many(&api, &small, &format!("{name}-before"), 4);
        if round == 0 {
            cluster.servers().kill("mysql").await?;
        } else {
            cluster.servers().pause("mysql").await?;
        }
        let begun = Instant::now();
        let during = insist_many(&api, &small, &format!("{name}-during"), 2);
        let unanswered = tokio::time::timeout(secs(1), cluster.database().count("SELECT 1")).await;
        ensure!(
            !matches!(unanswered, Ok(Ok(_))),
            "the database answered all the same"
        );
        ensure!(
            !cluster.encoder(worker).media_tools().is_empty(),
            "the encode stopped with the database"
        );
        if round == 0 {
            tokio::time::sleep_until(begun + AWAY).await;
            cluster.servers().start("mysql").await?;
        } else {
            tokio::time::sleep_until(begun + SLOW).await;
            cluster.servers().resume("mysql").await?;
        }
        let mut made = Vec::new();
        for sent in before {
            made.push(sent.await??.0);
        }
        for sent in during {
            let (job, _) = sent.await??;
            ensure!(begun.elapsed() >= AWAY, "taken without a database");
            made.push(job);
        }
        // Every key stands for one job, however often it was sent.
        for (n, job) in made.iter().enumerate() {
            let key = match n {
                0..4 => format!("{name}-before-{n}"),
                _ => format!("{name}-during-{}", n - 4),
            };
            let again = try_once(&api, &small, &key).await?;
            ensure!(again.status == 200, "{} {}", again.status, again.text);
            ensure!(id(&again.json()?)? == *job, "{key} made two jobs");
        }
        made.push(running);
        for job in &made {
            let done = api
                .ends(job, "completed", LONG)
                .await
                .with_context(|| name)?;
            plays(&api, &done, "mkv").await?;
        }
        jobs.extend(made);
    }

    let all = cluster
        .database()
        .count("SELECT COUNT(*) FROM jobs")
        .await?;
    ensure!(all == i64::try_from(jobs.len())?, "{all} jobs: {jobs:?}");
    for job in &jobs {
        ran_once(&cluster, job).await?;
        ensure!(
            sum(&cluster, job, "losses").await? == 0,
            "a lease was judged"
        );
    }
    cluster.finish().await
}
