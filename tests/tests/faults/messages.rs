//! Messages that come five times or in the wrong order, and machines whose clocks differ.

use super::relay::{Manner, Relay};
use super::support::{LONG, encoding, film, plays, queues_are_empty, ran_once, short, sum};
use anyhow::{Context, Result, ensure};
use reelmill_tests::api::id;
use reelmill_tests::cluster::{Builder, Cluster, Process, Role};
use reelmill_tests::wait::{secs, until};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A cluster whose services hear each other through a relay alone.
fn apart(relay: &Relay) -> Builder {
    let roles = [Role::Webapp, Role::Status, Role::Encoder];
    let pairs = roles.into_iter().zip(&relay.vhosts);
    pairs.fold(Cluster::builder().encoders(2), |builder, (role, vhost)| {
        builder.env_of(role, "REELMILL__BROKER__URL", vhost.url())
    })
}

/// Runs a few jobs through a relay; how many tasks they had.
async fn some_jobs(cluster: &Cluster) -> Result<i64> {
    let api = cluster.api();
    let (dir, long) = film(3).await?;
    let small = api.upload_file(&short(&dir, "small.mp4").await?).await?;
    let mut jobs = vec![api.make(&long, &["mkv"]).await?];
    for _ in 0..4 {
        jobs.push(id(&api.submit(&small, &["mkv", "audio-mp3"]).await?)?);
    }
    let mut tasks = 0;
    for job in &jobs {
        let made = api.ends(job, "completed", LONG).await?;
        plays(&api, &made, "mkv").await?;
        ran_once(cluster, job).await?;
        for what in ["losses", "failures"] {
            let times = sum(cluster, job, what).await?;
            ensure!(times == 0, "{times} {what}");
        }
        tasks += super::support::tasks(cluster, job).await?;
    }
    Ok(tasks)
}

/// Ends a cluster and its relay: every vhost is empty.
async fn finish(cluster: Cluster, mut relay: Relay) -> Result<()> {
    for vhost in &relay.vhosts {
        queues_are_empty(vhost).await?;
    }
    cluster.finish().await?;
    relay.done().map(drop)
}

#[tokio::test]
async fn messages_that_come_five_times_do_everything_once() -> Result<()> {
    let mut relay = Relay::start(Manner::Copies(5)).await?;
    let mut cluster = apart(&relay).start().await?;
    let tasks = some_jobs(&cluster).await?;
    let done = relay.done()?;
    let (came, sent) = (
        done.came.load(Ordering::SeqCst),
        done.sent.load(Ordering::SeqCst),
    );
    ensure!(
        came > 50 && sent >= 5 * (came - 10),
        "{came} came, {sent} were sent on"
    );
    // The workers were given every task again and again: by the same one it is refused, by another it is stopped.
    let again = "delivered again; it runs or ran here already";
    let refused = cluster.encoder(0).said(again) + cluster.encoder(1).said(again);
    ensure!(
        i64::try_from(refused)? >= tasks,
        "{refused} refused of {tasks} tasks"
    );
    finish(cluster, relay).await
}

#[tokio::test]
async fn events_out_of_order_change_nothing() -> Result<()> {
    let mut relay = Relay::start(Manner::Reversed).await?;
    let cluster = apart(&relay).start().await?;
    let tasks = some_jobs(&cluster).await?;
    let done = relay.done()?;
    let late = done.late_starts.load(Ordering::SeqCst);
    // All but encodes that take their time.
    ensure!(
        i64::try_from(late)? > tasks / 2,
        "{late} of {tasks} began after their end"
    );
    let overtaken = done.overtaken.load(Ordering::SeqCst);
    ensure!(overtaken > late, "no renewal was overtaken");
    finish(cluster, relay).await
}

/// Debian's libfaketime.
fn faketime() -> Result<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib")?;
    let mut found = folders.filter_map(|folder| {
        let library = folder.ok()?.path().join("faketime/libfaketimeMT.so.1");
        library.exists().then_some(library)
    });
    found
        .next()
        .context("libfaketime is missing: install the package `faketime`")
}

/// Starts a process again on a machine whose clock is so many seconds ahead; nothing else about its time differs.
async fn shift(process: &mut Process, seconds: i64) -> Result<()> {
    process.terminate().await?;
    process.env("LD_PRELOAD", faketime()?.display());
    process.env("FAKETIME", format!("{seconds:+}s"));
    process.env("FAKETIME_DONT_FAKE_MONOTONIC", 1);
    process.env("DONT_FAKE_MONOTONIC", 1);
    process.launch().await
}

/// How many seconds its clock is ahead, by the `Date` of its answers.
async fn ahead(process: &Process) -> Result<i64> {
    let answer = reqwest::get(process.api().url("/healthz")).await?;
    let date = answer.headers().get("date").context("no Date")?.to_str()?;
    let theirs = tokio::process::Command::new("date")
        .args(["-d", date, "+%s"])
        .output()
        .await?;
    let theirs: i64 = String::from_utf8(theirs.stdout)?.trim().parse()?;
    let ours = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok(theirs - i64::try_from(ours)?)
}

#[tokio::test]
async fn clocks_that_differ_by_a_minute_change_nothing() -> Result<()> {
    let mut cluster = Cluster::builder()
        .webapps(2)
        .statuses(2)
        .encoders(2)
        .set("tasks.lease_s", 4)
        .start()
        .await?;
    let shifts = [(0, 60), (1, -60)];
    for (n, seconds) in shifts {
        shift(cluster.webapp(n), seconds).await?;
        shift(cluster.status(n), -seconds).await?;
        shift(cluster.encoder(n), seconds).await?;
    }
    for process in cluster.processes() {
        let by = ahead(process).await?;
        ensure!((55..=65).contains(&by.abs()), "{}: {by} s", process.name());
    }
    cluster.workers(2).await?;
    let api = cluster.api();
    let (dir, long) = film(6).await?;

    // Longer than a lease on the one, short ones on both; nothing is taken for lost or late.
    let job = api.make(&long, &["mkv"]).await?;
    let small = api.upload_file(&short(&dir, "small.mp4").await?).await?;
    let mut jobs = vec![job];
    for _ in 0..4 {
        jobs.push(id(&api.submit(&small, &["mkv"]).await?)?);
    }
    for job in &jobs {
        let made = api.ends(job, "completed", LONG).await?;
        plays(&api, &made, "mkv").await?;
        ran_once(&cluster, job).await?;
        ensure!(
            sum(&cluster, job, "losses").await? == 0,
            "a lease was judged"
        );
    }

    // A worker that dies is missed after its lease all the same, and no sooner or a minute later.
    let job = api.make(&long, &["mkv"]).await?;
    let victim = encoding(&cluster, &job).await?;
    cluster.encoder(victim).kill().await?;
    let killed = tokio::time::Instant::now();
    until("its lease to lapse", secs(50), || async {
        Ok((sum(&cluster, &job, "losses").await? == 1).then_some(()))
    })
    .await?;
    let after = killed.elapsed();
    ensure!(after > Duration::from_secs(2), "lapsed after {after:?}");
    let made = api.ends(&job, "completed", LONG).await?;
    plays(&api, &made, "mkv").await?;
    cluster.encoder(victim).launch().await?;
    cluster.finish().await
}
