//! ffmpeg killed, stopped or hanging: the watchdog ends it, the failure counts, the job goes on or fails with the reason.

use anyhow::{Context, Result, ensure};
use reelmill_tests::api::output;
use reelmill_tests::procs::{media_tools, signal};
use reelmill_tests::wait::{secs, until};
use reelmill_tests::{Setup, clips};
use rustix::process::Signal;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The first encoder (not probe) that a server runs.
async fn encoder(server: u32) -> Result<i32> {
    until("an encoder", secs(60), || async {
        let found = media_tools(server);
        Ok(found
            .iter()
            .find(|p| p.name == "ffmpeg" && p.ticks > 5)
            .map(|p| p.pid))
    })
    .await
}

#[tokio::test]
async fn a_killed_ffmpeg_counts_as_a_failure_and_is_run_again() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let film = clips::heavy(dir.path(), "640x360", 3).await?;
    let id = api.make(&film, &["mp4-h265"]).await?;
    signal(encoder(server.pid()?).await?, Signal::KILL)?;
    let job = api.ends(&id, "completed", secs(240)).await?;
    ensure!(output(&job, "mp4-h265")?["failures"] == 1, "{job:#}");
    server.finish().await
}

#[tokio::test]
async fn an_ffmpeg_that_is_killed_every_time_fails_its_output_only() -> Result<()> {
    let server = Setup::new()
        .set("tasks.max_attempts", 2)
        .set("encoder.slots", 1)
        .start()
        .await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let film = clips::heavy(dir.path(), "640x360", 4).await?;
    let id = api.make(&film, &["mp4-h265"]).await?;
    let pid = server.pid()?;
    let mut killed: Vec<i32> = Vec::new();
    let job = until("the job to end", secs(240), || {
        // Each encoder once.
        for tool in media_tools(pid) {
            if tool.name == "ffmpeg" && tool.ticks > 5 && !killed.contains(&tool.pid) {
                // It may just have ended.
                signal(tool.pid, Signal::KILL).ok();
                killed.push(tool.pid);
            }
        }
        let (api, id) = (api.clone(), id.clone());
        async move {
            let job = api.job(&id).await?;
            Ok(reelmill_tests::api::ended(&job).then_some(job))
        }
    })
    .await?;
    ensure!(job["state"] == "failed", "{job:#}");
    let made = output(&job, "mp4-h265")?;
    ensure!(
        made["state"] == "failed" && made["failures"] == 2,
        "{made:#}"
    );
    ensure!(
        made["error"]["message"]
            .as_str()
            .is_some_and(|m| m.len() > 10),
        "{made:#}"
    );
    ensure!(killed.len() == 2, "{killed:?}");
    server.finish().await
}

#[tokio::test]
async fn a_stopped_ffmpeg_is_ended_by_the_watchdog() -> Result<()> {
    let server = Setup::new().set("encoder.stall_s", 5).start().await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let film = clips::heavy(dir.path(), "640x360", 3).await?;
    let id = api.make(&film, &["mp4-h265"]).await?;
    let stopped = encoder(server.pid()?).await?;
    signal(stopped, Signal::STOP)?;
    let job = api.ends(&id, "completed", secs(240)).await?;
    ensure!(output(&job, "mp4-h265")?["failures"] == 1, "{job:#}");
    let alive =
        reelmill_tests::procs::one(stopped).is_some_and(|p| p.name == "ffmpeg" && p.state == 'T');
    ensure!(!alive, "the stopped one still hangs about");
    server.finish().await
}

/// An `ffmpeg` of our own: a script with the real one behind it.
fn script(dir: &Path, name: &str, body: &str) -> Result<PathBuf> {
    let path = dir.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n"))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

#[tokio::test]
async fn an_ffmpeg_that_hangs_fails_the_output_with_the_reason() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let hanging = script(
        dir.path(),
        "ffmpeg",
        r#"case "$*" in *-progress*) exec /bin/sleep 1000;; esac; exec /usr/bin/ffmpeg "$@""#,
    )?;
    let server = Setup::new()
        .set("encoder.ffmpeg", hanging.display())
        .set("encoder.stall_s", 5)
        .set("tasks.max_attempts", 1)
        .start()
        .await?;
    let api = server.api();
    let film = clips::drawn(dir.path(), "film.mp4", "160x90", 1.0).await?;
    let id = api.make(&film, &["mkv"]).await?;
    let job = api.ends(&id, "failed", secs(60)).await?;
    let error = &output(&job, "mkv")?["error"];
    ensure!(error["code"] == "ffmpeg_stalled", "{job:#}");
    ensure!(
        error["message"].as_str().is_some_and(|m| m.len() > 15),
        "{job:#}"
    );
    server.finish().await
}

#[tokio::test]
async fn an_ffmpeg_that_lies_publishes_nothing() -> Result<()> {
    let dir = tempfile::tempdir()?;
    // Makes only the first half, and says that all went well.
    let lying = script(
        dir.path(),
        "ffmpeg",
        r#"case "$*" in *-progress*)
for last; do :; done
n=$#; i=1; set -- "$@"
while [ $i -lt $n ]; do a=$1; shift; set -- "$@" "$a"; i=$((i+1)); done
shift
exec /usr/bin/ffmpeg "$@" -t 0.5 "$last";; esac
exec /usr/bin/ffmpeg "$@""#,
    )?;
    let server = Setup::new()
        .set("encoder.ffmpeg", lying.display())
        .set("tasks.max_attempts", 1)
        .start()
        .await?;
    let api = server.api();
    let film = clips::drawn(dir.path(), "film.mp4", "160x90", 2.0).await?;
    let id = api.make(&film, &["mkv"]).await?;
    let job = api.ended(&id, secs(60)).await?;
    ensure!(
        job["state"] == "failed",
        "half a film was published: {job:#}"
    );
    let made = output(&job, "mkv")?;
    ensure!(made["url"].is_null(), "{made:#}");
    made["error"]["message"].as_str().context("no reason")?;
    server.finish().await
}
