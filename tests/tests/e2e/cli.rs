//! The command line without a server: `encode`, interrupted and run again; and against one: `submit`, `jobs`, `presets`.

use anyhow::{Context, Result, ensure};
use reelmill_tests::setup::executable;
use reelmill_tests::wait::{secs, until_true};
use reelmill_tests::{Setup, clips, look, procs};
use rustix::process::Signal;
use std::path::Path;
use std::process::{Output, Stdio};
use tokio::process::Command;

fn reelmill(home: &Path) -> Result<Command> {
    let mut command = Command::new(executable()?);
    command
        .current_dir(home)
        .env("HOME", home)
        .env_remove("XDG_DATA_HOME")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    Ok(command)
}

fn said(done: &Output) -> String {
    format!(
        "{}: {} {}",
        done.status,
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    )
}

#[tokio::test]
async fn encode_needs_no_server_and_tells_how_it_went_by_its_status() -> Result<()> {
    let home = tempfile::tempdir()?;
    let film = clips::drawn(home.path(), "my film.mp4", "320x180", 1.0).await?;
    let out = home.path().join("out");
    let done = reelmill(home.path())?
        .arg("encode")
        .arg(&film)
        .args(["--to", "avi,mkv,ogg,webm", "--out"])
        .arg(&out)
        .output()
        .await?;
    ensure!(done.status.success(), "{}", said(&done));
    for extension in ["avi", "mkv", "ogv", "webm"] {
        let file = out.join(format!("my film.{extension}"));
        look::decodes(&file).await?;
        ensure!(look::frames(&look::probe(&file).await?)? == 25);
    }

    let bad = look::file(home.path(), "bad.mp4", &clips::noise(5, 50_000))?;
    let done = reelmill(home.path())?
        .arg("encode")
        .arg(&bad)
        .args(["--to", "mkv", "--out"])
        .arg(&out)
        .output()
        .await?;
    ensure!(done.status.code() == Some(1), "{}", said(&done));
    let done = reelmill(home.path())?
        .arg("encode")
        .arg(&film)
        .args(["--to", "betamax"])
        .output()
        .await?;
    ensure!(done.status.code() == Some(2), "{}", said(&done));
    let done = reelmill(home.path())?
        .args(["encode", "missing.mp4", "--to", "mkv"])
        .output()
        .await?;
    ensure!(done.status.code() == Some(2), "{}", said(&done));

    // It never overwrites what it didn't write.
    let other = tempfile::tempdir()?;
    look::file(other.path(), "my film.mkv", b"mine")?;
    let done = reelmill(home.path())?
        .arg("encode")
        .arg(&film)
        .args(["--to", "mkv", "--out"])
        .arg(other.path())
        .output()
        .await?;
    ensure!(
        done.status.code() == Some(2) || done.status.code() == Some(1),
        "{}",
        said(&done)
    );
    ensure!(std::fs::read(other.path().join("my film.mkv"))? == b"mine");
    Ok(())
}

#[tokio::test]
async fn encode_goes_on_where_it_stopped() -> Result<()> {
    let home = tempfile::tempdir()?;
    let film = clips::heavy(home.path(), "640x360", 6).await?;
    let out = home.path().join("out");
    let command = || -> Result<Command> {
        let mut c = reelmill(home.path())?;
        c.arg("encode")
            .arg(&film)
            .args(["--to", "mkv,webm", "--out"])
            .arg(&out);
        Ok(c)
    };
    let mkv = out.join("heavy.mkv");
    for signal in [Signal::INT, Signal::KILL] {
        let mut child = command()?
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let pid = child.id().context("it has ended")?;
        // The first time it is let to finish one of the two.
        until_true("something to be made", secs(200), || match signal {
            Signal::INT => mkv.exists(),
            _ => !procs::media_tools(pid).is_empty(),
        })
        .await?;
        procs::signal(i32::try_from(pid)?, signal)?;
        let status = tokio::time::timeout(secs(20), child.wait()).await??;
        ensure!(!status.success(), "it ended well though it was interrupted");
        let folder = home.path().to_owned();
        until_true("no orphans", secs(3), || {
            procs::media_tools_in(&folder).is_empty()
        })
        .await?;
        ensure!(
            !out.join("heavy.webm").exists(),
            "a partial file is visible"
        );
    }
    let first = std::fs::metadata(&mkv)?.modified()?;
    let done = command()?.output().await?;
    ensure!(done.status.success(), "{}", said(&done));
    ensure!(
        std::fs::metadata(&mkv)?.modified()? == first,
        "the finished one was made again"
    );
    look::decodes(&out.join("heavy.webm")).await?;
    ensure!(look::frames(&look::probe(&out.join("heavy.webm")).await?)? == 150);
    Ok(())
}

#[tokio::test]
async fn submit_waits_and_downloads_and_the_lists_speak_json() -> Result<()> {
    let server = Setup::new().start().await?;
    let url = server.url("");
    let home = tempfile::tempdir()?;
    let film = clips::drawn(home.path(), "film.mp4", "160x90", 0.4).await?;
    let got = home.path().join("got");
    let done = reelmill(home.path())?
        .arg("submit")
        .arg(&film)
        .args([
            "--to",
            "mkv,audio-mp3",
            "--server",
            &url,
            "--wait",
            "--download",
        ])
        .arg(&got)
        .output()
        .await?;
    ensure!(done.status.success(), "{}", said(&done));
    look::decodes(&got.join("film.mkv")).await?;
    look::decodes(&got.join("film.mp3")).await?;

    for listing in ["jobs", "presets", "workers"] {
        let done = reelmill(home.path())?
            .args([listing, "--json", "--server", &url])
            .output()
            .await?;
        ensure!(done.status.success(), "{listing}: {}", said(&done));
        serde_json::from_slice::<serde_json::Value>(&done.stdout).context(listing)?;
    }
    let id = server.api().get("/api/v1/jobs").await?["items"][0]["id"].clone();
    let id = id.as_str().context("no id")?;
    let done = reelmill(home.path())?
        .args(["cancel", id, "--server", &url])
        .output()
        .await?;
    ensure!(
        done.status.success(),
        "cancelling what has ended is fine: {}",
        said(&done)
    );

    let nobody = format!("http://127.0.0.1:{}", reelmill_tests::port::free()?);
    let done = reelmill(home.path())?
        .args(["jobs", "--server", &nobody])
        .output()
        .await?;
    ensure!(done.status.code() == Some(2), "{}", said(&done));
    server.finish().await
}
