//! A receiver that is away, slow or refuses must not hold anything up; without one there is nothing of telemetry.

use crate::receiver::{Manner, Receiver};
use anyhow::{Result, ensure};
use reelmill_tests::wait::secs;
use reelmill_tests::{Server, Setup, clips, port, setup};
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// How long a stop may take: what it takes anyway, and two seconds for the receiver.
const STOP: Duration = Duration::from_secs(5);
const COMPLAINT: &str = "telemetry can't be sent";

/// A job done, then a stop: how long it took, and how often the receiver was complained of.
async fn works(server: Server) -> Result<(Duration, usize)> {
    let mut server = server;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let film = clips::drawn(dir.path(), "film.mp4", "320x180", 1.0).await?;
    let job = api.make(&film, &["mkv"]).await?;
    api.ends(&job, "completed", secs(60)).await?;
    let begun = Instant::now();
    let ended = server.stop().await?;
    let took = begun.elapsed();
    ensure!(ended.success(), "{ended}");
    let complaints = server.log().matches(COMPLAINT).count();
    server.finish().await?;
    Ok((took, complaints))
}

#[tokio::test]
async fn a_receiver_that_is_not_there_holds_nothing_up() -> Result<()> {
    let nobody = format!("http://127.0.0.1:{}", port::free()?);
    let server = Setup::new().set("otel.endpoint", nobody).start().await?;
    let (took, complaints) = works(server).await?;
    ensure!(took < STOP, "{took:?}");
    ensure!(complaints == 1, "{complaints} complaints");
    Ok(())
}

#[tokio::test]
async fn a_receiver_that_refuses_or_is_slow_holds_nothing_up() -> Result<()> {
    for manner in [Manner::Refuses, Manner::Slow] {
        let receiver = Receiver::start(manner).await?;
        let server = Setup::new()
            .set("otel.endpoint", &receiver.endpoint)
            .start()
            .await?;
        let (took, complaints) = works(server).await?;
        ensure!(took < STOP, "{manner:?}: {took:?}");
        ensure!(complaints <= 1, "{manner:?}: {complaints} complaints");
        ensure!(receiver.requests() > 0, "{manner:?}: it was never asked");
    }
    Ok(())
}

#[tokio::test]
async fn a_start_that_fails_is_told() -> Result<()> {
    let receiver = Receiver::start(Manner::Takes).await?;
    let dir = tempfile::tempdir()?;
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let mut command = Command::new(setup::executable()?);
    command
        .args(["serve", "--listen", &taken.local_addr()?.to_string()])
        .arg("--data")
        .arg(dir.path().join("data"))
        .current_dir(dir.path())
        .env("REELMILL__OTEL__ENDPOINT", &receiver.endpoint);
    let done = tokio::task::spawn_blocking(move || command.output()).await??;
    ensure!(done.status.code() == Some(2), "{done:?}");
    let told = receiver.logs().into_iter().any(|log| {
        let error = log.attributes.get("error");
        error.is_some_and(|error| error.contains("taken by another program"))
    });
    ensure!(told, "{:?}", receiver.logs());
    Ok(())
}

#[tokio::test]
async fn without_a_receiver_there_is_no_thread_of_it() -> Result<()> {
    let receiver = Receiver::start(Manner::Takes).await?;
    let with = Setup::new()
        .set("otel.endpoint", &receiver.endpoint)
        .start()
        .await?;
    let found = threads(with.pid()?)?;
    ensure!(!found.is_empty(), "this test can't tell its threads");
    with.finish().await?;
    let without = Setup::new().start().await?;
    let found = threads(without.pid()?)?;
    ensure!(found.is_empty(), "{found:?}");
    without.finish().await
}

/// The threads of a process that telemetry has made.
fn threads(pid: u32) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may end meanwhile.
        let name = fs::read_to_string(task?.path().join("comm")).unwrap_or_default();
        let name = name.trim();
        if ["OpenTelemetry", "otel", "reqwest-internal"]
            .iter()
            .any(|of| name.starts_with(of))
        {
            found.push(name.to_owned());
        }
    }
    Ok(found)
}
