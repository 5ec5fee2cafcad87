//! Encoders that die, stand still or are told to end.

use super::support::{LONG, checksum, encoding, film, plays, ran_once, sum};
use anyhow::{Result, ensure};
use reelmill_tests::cluster::Cluster;
use reelmill_tests::wait::{secs, until, until_true};

#[tokio::test]
async fn a_killed_encoder_costs_its_task_alone_and_the_bytes_are_the_same() -> Result<()> {
    let mut cluster = Cluster::builder()
        .encoders(2)
        .set("tasks.lease_s", 3)
        .start()
        .await?;
    let api = cluster.api();
    let (_dir, film) = film(6).await?;
    let upload = api.upload_file(&film).await?;
    let disturbed = reelmill_tests::api::id(&api.submit(&upload, &["mkv"]).await?)?;
    let victim = encoding(&cluster, &disturbed).await?;
    cluster.encoder(victim).kill().await?;
    let job = api.ends(&disturbed, "completed", LONG).await?;
    plays(&api, &job, "mkv").await?;
    ensure!(
        sum(&cluster, &disturbed, "losses").await? == 1,
        "the lease lapsed once"
    );
    ensure!(
        sum(&cluster, &disturbed, "failures").await? == 0,
        "a loss is no failure"
    );

    let calm = reelmill_tests::api::id(&api.submit(&upload, &["mkv"]).await?)?;
    let other = api.ends(&calm, "completed", LONG).await?;
    ensure!(
        checksum(&job, "mkv")? == checksum(&other, "mkv")?,
        "other bytes than undisturbed"
    );
    cluster.encoder(victim).launch().await?;
    cluster.finish().await
}

#[tokio::test]
async fn an_encoder_that_stood_still_past_its_lease_changes_nothing_afterwards() -> Result<()> {
    let mut cluster = Cluster::builder()
        .encoders(2)
        .set("tasks.lease_s", 3)
        .start()
        .await?;
    let api = cluster.api();
    let (_dir, film) = film(6).await?;
    let job = api.make(&film, &["mkv"]).await?;
    let frozen = encoding(&cluster, &job).await?;
    // Its ffmpeg goes on meanwhile, and is done when the worker wakes.
    cluster.encoder(frozen).pause()?;
    until("the lease to lapse", secs(60), || async {
        Ok((sum(&cluster, &job, "losses").await? == 1).then_some(()))
    })
    .await?;
    let made = api.ends(&job, "completed", LONG).await?;
    // What the job worked with goes soon, too.
    let mut before = cluster.objects().list().await?;
    before.retain(|object| !object.key.starts_with("work/"));
    cluster.encoder(frozen).resume()?;
    let stuck = cluster.encoder(frozen);
    until_true("the late run to be stopped", secs(30), || {
        stuck.media_tools().is_empty() && stuck.said("stood still") > 0
    })
    .await?;
    // Whatever it stored goes, and what was published stays as it was.
    until("its keys to be gone", secs(60), || async {
        Ok((cluster.objects().list().await? == before).then_some(()))
    })
    .await?;
    plays(&api, &made, "mkv").await?;
    ensure!(
        api.job(&job).await? == made,
        "the job changed after its end"
    );
    cluster.finish().await
}

#[tokio::test]
async fn an_encoder_told_to_end_finishes_what_it_can() -> Result<()> {
    let mut cluster = Cluster::builder()
        .encoders(2)
        .set("encoder.drain_grace_s", 120)
        .start()
        .await?;
    let api = cluster.api();
    let (_dir, film) = film(3).await?;
    let job = api.make(&film, &["mkv"]).await?;
    let ending = encoding(&cluster, &job).await?;
    let ended = {
        let process = cluster.encoder(ending);
        process.ask_to_end()?;
        until_true("the encode to be finished", LONG, || {
            process.media_tools().is_empty()
        })
        .await?;
        process.ended().await?
    };
    ensure!(ended.success(), "{ended}");
    let made = api.ends(&job, "completed", LONG).await?;
    plays(&api, &made, "mkv").await?;
    ran_once(&cluster, &job).await?;
    cluster.finish().await
}

#[tokio::test]
async fn an_encoder_that_may_not_finish_gives_its_task_back_unharmed() -> Result<()> {
    let mut cluster = Cluster::builder()
        .encoders(2)
        .set("encoder.drain_grace_s", 0)
        .start()
        .await?;
    let api = cluster.api();
    let (_dir, film) = film(6).await?;
    let job = api.make(&film, &["mkv"]).await?;
    let ending = encoding(&cluster, &job).await?;
    let ended = cluster.encoder(ending).terminate().await?;
    ensure!(ended.success(), "{ended}");
    let made = api.ends(&job, "completed", LONG).await?;
    plays(&api, &made, "mkv").await?;
    ensure!(
        sum(&cluster, &job, "failures").await? == 0,
        "giving back is no failure"
    );
    ensure!(sum(&cluster, &job, "losses").await? == 0, "nor a loss");
    ensure!(ran_once(&cluster, &job).await.is_err(), "it was run again");
    cluster.finish().await
}
