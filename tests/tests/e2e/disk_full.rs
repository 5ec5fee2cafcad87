//! A disk that is full, on a real small file system: a clear error, nothing partial to be seen, and it works again
//! once there is space.

use anyhow::{Context, Result, ensure};
use reelmill_tests::api::{id, output};
use reelmill_tests::clips::{drawn, drawn_with, noise};
use reelmill_tests::server::{Server, fill};
use reelmill_tests::tus::Tus;
use reelmill_tests::{Setup, look, wait::secs};
use reqwest::Method;

const MIB: u64 = 1024 * 1024;

/// A server on a disk of so many MiB. It uses the last byte, so that the disk itself is what says no.
fn small(mib: u64) -> Setup {
    Setup::new()
        .small_disk(mib * MIB)
        .set("encoder.min_free_bytes", 0)
}

/// Leaves about so many bytes free.
fn squeeze(server: &Server, leave: u64) -> Result<()> {
    let disk = rustix::fs::statvfs(server.data())?;
    let free = disk.f_bavail * disk.f_frsize;
    fill(&server.data().join("ballast"), free.saturating_sub(leave))?;
    Ok(())
}

fn relieve(server: &Server) -> Result<()> {
    Ok(std::fs::remove_file(server.data().join("ballast"))?)
}

#[tokio::test]
async fn an_upload_that_does_not_fit_is_told_so_and_goes_on_later() -> Result<()> {
    let server = small(48).start().await?;
    let api = server.api();
    squeeze(&server, 6 * MIB)?;
    let film = noise(1, 12_000_000);
    let put = api
        .raw(
            Method::PUT,
            "/api/v1/uploads?name=film.mp4",
            &[],
            film.clone(),
        )
        .await?;
    put.problem(507, "no_space")?;

    // What a whole body left behind is gone; a tus upload keeps what it has.
    let tus = Tus::create(&api, "film.mp4", film.len() as u64).await;
    relieve_and_continue(&server, tus, &film).await?;

    let dir = tempfile::tempdir()?;
    let good = drawn(dir.path(), "good.mp4", "160x90", 0.4).await?;
    let made = api.make(&good, &["mkv"]).await?;
    api.ends(&made, "completed", secs(60)).await?;
    server.finish().await
}

async fn relieve_and_continue(server: &Server, tus: Result<Tus>, film: &[u8]) -> Result<()> {
    let tus = tus?;
    let sent = tus.patch(0, film.to_vec()).await?;
    sent.problem(507, "no_space")?;
    relieve(server)?;
    let offset = usize::try_from(tus.offset().await?)?;
    ensure!(offset < film.len(), "it took more than there was room for");
    let sent = tus.patch(offset as u64, film[offset..].to_vec()).await?;
    ensure!(sent.status == 204, "{} {}", sent.status, sent.text);
    let upload = server
        .api()
        .get(&format!("/api/v1/uploads/{}", tus.id()))
        .await?;
    ensure!(upload["complete"] == true, "{upload:#}");
    Ok(())
}

#[tokio::test]
async fn an_encode_that_does_not_fit_fails_with_the_cause_and_can_be_retried() -> Result<()> {
    let server = small(64).start().await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    // Noise at a high quality: an output of many megabytes.
    let film = drawn_with(
        dir.path(),
        "noise.mp4",
        "640x360",
        6.0,
        &["-vf", "noise=alls=100:allf=t", "-crf", "40"],
    )
    .await?;
    let upload = api.upload_file(&film).await?;
    squeeze(&server, 3 * MIB)?;
    let job = api.submit(&upload, &["avi"]).await?;
    let job = api.ended(&id(&job)?, secs(120)).await?;
    ensure!(job["state"] == "failed", "{job:#}");
    let made = output(&job, "avi")?;
    ensure!(
        made["url"].is_null() && made["files"] == serde_json::json!([]),
        "{made:#}"
    );
    let code = made["error"]["code"].as_str().unwrap_or_default();
    let full = ["disk_full", "no_scratch_space", "storage_full"];
    ensure!(full.contains(&code), "{job:#}");

    relieve(&server)?;
    let again = api
        .ok(
            Method::POST,
            &format!("/api/v1/jobs/{}/retry", id(&job)?),
            None,
        )
        .await?;
    let job = api.ends(&id(&again)?, "completed", secs(120)).await?;
    let url = output(&job, "avi")?["url"].as_str().context("no url")?;
    let file = look::file(dir.path(), "made.avi", &api.download(url).await?)?;
    look::decodes(&file).await?;
    ensure!(look::frames(&look::probe(&file).await?)? == 150);
    server.finish().await
}
