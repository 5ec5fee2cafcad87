//! RabbitMQ that restarts, is away, forgets its queues, or never hears an acknowledgement.

use super::frames::Swallower;
use super::support::{
    LONG, begun_once, encoding, film, plays, queues_are_empty, ran_once, short, sum, tasks,
};
use anyhow::{Result, ensure};
use reelmill_tests::api::id;
use reelmill_tests::cluster::{Cluster, Rabbit, Role, Servers};
use reelmill_tests::wait::{secs, until};
use std::time::Duration;
use tokio::time::Instant;

/// How long it is down, as the issue says.
const DOWN: Duration = Duration::from_secs(60);
const AWAY: &str = "the broker is away";

/// What ran was never released again; what could not be published may have been.
async fn encode_released_once(cluster: &Cluster, job: &str) -> Result<()> {
    let job = job.replace('-', "");
    let sql = format!(
        "SELECT COUNT(*) FROM tasks WHERE job_id = UNHEX('{job}') AND kind = 'encode' AND attempt = 1"
    );
    let once = cluster.database().count(&sql).await?;
    ensure!(once == 1, "a running encode was released again");
    Ok(())
}

#[tokio::test]
async fn a_broker_that_restarts_or_is_down_for_a_minute_doubles_nothing() -> Result<()> {
    let servers = Servers::own(&["rabbitmq"]).await?;
    let mut cluster = Cluster::builder()
        .servers(servers)
        .encoders(2)
        .set("tasks.lease_s", 5)
        .start()
        .await?;
    let api = cluster.api();
    let (dir, long) = film(10).await?;
    let film = api.upload_file(&long).await?;
    let small = api.upload_file(&short(&dir, "small.mp4").await?).await?;

    // Restarted in order, with one encode running and others waiting.
    let mut jobs = vec![id(&api.submit(&film, &["mkv"]).await?)?];
    encoding(&cluster, &jobs[0]).await?;
    for _ in 0..3 {
        jobs.push(id(&api.submit(&small, &["mkv"]).await?)?);
    }
    cluster.servers().restart("rabbitmq").await?;
    for job in &jobs {
        api.ends(job, "completed", LONG).await?;
        begun_once(&cluster, job).await?;
    }
    encode_released_once(&cluster, &jobs[0]).await?;
    let away = |cluster: &Cluster| -> Vec<usize> {
        let all = cluster.processes().iter();
        all.map(|p| p.said(AWAY)).collect()
    };
    let restarted = away(&cluster);
    ensure!(
        restarted.iter().all(|times| *times > 0),
        "nobody felt the restart: {restarted:?}"
    );

    // Down for a minute: what runs goes on, what is sent is taken all the same.
    let running = id(&api.submit(&film, &["mkv"]).await?)?;
    let worker = encoding(&cluster, &running).await?;
    let begun = Instant::now();
    cluster.servers().kill("rabbitmq").await?;
    let mut sent = Vec::new();
    for _ in 0..3 {
        sent.push(id(&api.submit(&small, &["mkv"]).await?)?);
    }
    let fresh = api.upload_file(&short(&dir, "fresh.mp4").await?).await?;
    sent.push(id(&api.submit(&fresh, &["mkv"]).await?)?);
    let encoder = cluster.encoder(worker);
    ensure!(
        !encoder.media_tools().is_empty(),
        "the encode stopped with the broker"
    );
    until("the encode to end by itself", LONG, || {
        let ended = encoder.media_tools().is_empty();
        async move { Ok(ended.then_some(())) }
    })
    .await?;
    tokio::time::sleep_until(begun + DOWN).await;
    ensure!(
        cluster.rabbit().queues().await.is_err(),
        "the broker was there all the time"
    );
    cluster.servers().start("rabbitmq").await?;
    for job in sent.iter().chain([&running]) {
        let made = api.ends(job, "completed", LONG).await?;
        plays(&api, &made, "mkv").await?;
        begun_once(&cluster, job).await?;
        ensure!(
            sum(&cluster, job, "losses").await? == 0,
            "a lease was judged"
        );
    }
    encode_released_once(&cluster, &running).await?;
    let outage = away(&cluster);
    ensure!(
        outage
            .iter()
            .zip(&restarted)
            .all(|(now, before)| now > before),
        "not everyone felt it: {restarted:?} {outage:?}"
    );
    cluster.finish().await
}

#[tokio::test]
async fn queues_that_are_purged_or_deleted_cost_a_release_and_no_job() -> Result<()> {
    let cluster = Cluster::builder().start().await?;
    let api = cluster.api();
    let (dir, long) = film(6).await?;
    let small = api.upload_file(&short(&dir, "small.mp4").await?).await?;
    let running = api.make(&long, &["mkv"]).await?;
    encoding(&cluster, &running).await?;
    let mut queued = Vec::new();
    for _ in 0..3 {
        queued.push(id(&api.submit(&small, &["mkv"]).await?)?);
    }

    // One task more than there are slots lies in the lane.
    let lane = "reelmill.tasks.encode";
    until("a task to wait in the lane", secs(60), || async {
        let queue = cluster.rabbit().queue(lane).await?;
        Ok((queue.ready > 0).then_some(()))
    })
    .await?;
    cluster.rabbit().purge(lane).await?;
    until("it to be purged", secs(10), || async {
        let queue = cluster.rabbit().queue(lane).await?;
        Ok((queue.ready == 0).then_some(()))
    })
    .await?;
    let queues = cluster.rabbit().queues().await?;
    let durable: Vec<_> = queues.iter().filter(|q| q.kind == "quorum").collect();
    ensure!(durable.len() >= 5, "{durable:?}");
    for queue in durable {
        cluster.rabbit().delete_queue(&queue.name).await?;
    }

    for job in queued.iter().chain([&running]) {
        let made = api.ends(job, "completed", LONG).await?;
        plays(&api, &made, "mkv").await?;
        ensure!(
            sum(&cluster, job, "failures").await? == 0,
            "it is no failure"
        );
    }
    // The one that was purged was released again; what ran, ran on.
    let (mut attempts, mut needed) = (0, 0);
    for job in &queued {
        attempts += sum(&cluster, job, "attempt").await?;
        needed += tasks(&cluster, job).await?;
    }
    ensure!(attempts > needed, "{attempts} attempts of {needed} tasks");
    ensure!(
        sum(&cluster, &running, "losses").await? == 0,
        "what ran was lost"
    );
    cluster.finish().await
}

#[tokio::test]
async fn a_task_whose_acknowledgement_is_lost_runs_once() -> Result<()> {
    let servers = Servers::shared();
    let rabbit = Rabbit::create(servers.get("AMQP")?, servers.get("AMQP_API")?).await?;
    let proxy = Swallower::before(&rabbit.url()).await?;
    let mut cluster = Cluster::builder()
        .set("broker.url", rabbit.url())
        .env_of(
            Role::Encoder,
            "REELMILL__BROKER__URL",
            proxy.url(&rabbit.url())?,
        )
        .start()
        .await?;
    let api = cluster.api();
    let (dir, long) = film(6).await?;
    let redelivered = async |queue: &str| {
        let what = format!("a redelivery in {queue}");
        until(&what, secs(60), || async {
            let queue = rabbit.queue(queue).await?;
            Ok((queue.redelivered > 0).then_some(()))
        })
        .await
    };

    // Given back to the worker that ran it.
    proxy.arm("reelmill.tasks.light");
    let small = api.make(&short(&dir, "small.mp4").await?, &["mkv"]).await?;
    api.ends(&small, "completed", LONG).await?;
    ensure!(proxy.swallowed() == 1, "no acknowledgement was swallowed");
    redelivered("reelmill.tasks.light").await?;
    ran_once(&cluster, &small).await?;
    let again = "delivered again; it runs or ran here already";
    ensure!(cluster.encoder(0).said(again) == 1, "it never saw it again");

    // Given to another one, while the first encodes.
    cluster.add_encoder(&[]).await?;
    cluster.workers(2).await?;
    proxy.arm("reelmill.tasks.encode");
    let job = api.make(&long, &["mkv"]).await?;
    let made = api.ends(&job, "completed", LONG).await?;
    ensure!(proxy.swallowed() == 2, "no acknowledgement was swallowed");
    redelivered("reelmill.tasks.encode").await?;
    ran_once(&cluster, &job).await?;
    ensure!(sum(&cluster, &job, "losses").await? == 0, "a run was lost");
    plays(&api, &made, "mkv").await?;
    queues_are_empty(&rabbit).await?;
    cluster.finish().await
}
