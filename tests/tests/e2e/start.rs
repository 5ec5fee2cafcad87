//! An environment that is not fit: one line that says what to do, exit code 2; and `doctor` finds each.

use anyhow::{Context, Result, ensure};
use reelmill_tests::setup::executable;
use reelmill_tests::{Setup, port, wait::secs};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Output, Stdio};
use tokio::process::Command;

fn serve(home: &Path, port: u16) -> Result<Command> {
    let mut command = Command::new(executable()?);
    command
        .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"])
        .arg(home.join("data"))
        .current_dir(home)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    Ok(command)
}

/// Ends with status 2 and one line of plain words, each of which is expected to be there.
async fn refused(mut command: Command, words: &[&str]) -> Result<Output> {
    let done = tokio::time::timeout(secs(30), command.output())
        .await
        .context("it runs on")??;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    ensure!(done.status.code() == Some(2), "{}: {said}", done.status);
    let last = said.lines().last().unwrap_or_default();
    for word in words {
        ensure!(last.contains(word), "no {word:?} in: {said}");
    }
    ensure!(said.lines().count() == 1, "more than one line: {said}");
    Ok(done)
}

async fn doctor(mut command: Command, word: &str) -> Result<()> {
    let done = command.output().await?;
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    ensure!(done.status.code() == Some(2), "{}: {said}", done.status);
    ensure!(said.contains(word), "no {word:?} in: {said}");
    Ok(())
}

fn doctor_of(home: &Path, port: u16) -> Result<Command> {
    let mut command = Command::new(executable()?);
    command
        .arg("doctor")
        .current_dir(home)
        .env("REELMILL__DATA__DIR", home.join("data"))
        .env("REELMILL__WEBAPP__LISTEN", format!("127.0.0.1:{port}"))
        .stdin(Stdio::null());
    Ok(command)
}

#[tokio::test]
async fn a_taken_port_and_a_used_data_folder() -> Result<()> {
    let server = Setup::new().start().await?;
    let home = tempfile::tempdir()?;
    let taken = server.port().to_string();
    refused(serve(home.path(), server.port())?, &[&taken]).await?;
    // The doctor is content with a port that another Reelmill has, but not with one that a stranger has.
    let stranger = std::net::TcpListener::bind("127.0.0.1:0")?;
    let strange = stranger.local_addr()?.port();
    refused(serve(home.path(), strange)?, &[&strange.to_string()]).await?;
    doctor(doctor_of(home.path(), strange)?, &strange.to_string()).await?;

    let other = port::free()?;
    refused(serve(server.home(), other)?, &["in use", "--data"]).await?;
    doctor(doctor_of(server.home(), other)?, "in use").await?;
    server.api().get("/healthz").await?;
    server.finish().await
}

#[tokio::test]
async fn a_missing_ffmpeg() -> Result<()> {
    let home = tempfile::tempdir()?;
    let port = port::free()?;
    for key in ["REELMILL__ENCODER__FFMPEG", "REELMILL__ENCODER__FFPROBE"] {
        let missing = home.path().join("no-such-program");
        let mut command = serve(home.path(), port)?;
        command.env(key, &missing);
        refused(command, &["no-such-program"]).await?;
        let mut command = doctor_of(home.path(), port)?;
        command.env(key, &missing);
        doctor(command, "no-such-program").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_data_folder_that_can_not_be_written() -> Result<()> {
    let port = port::free()?;
    let home = tempfile::tempdir()?;
    fs::write(home.path().join("data"), "a file is no folder")?;
    refused(serve(home.path(), port)?, &["data", "--data"]).await?;

    let home = tempfile::tempdir()?;
    let data = home.path().join("data");
    fs::create_dir(&data)?;
    fs::set_permissions(&data, Permissions::from_mode(0o555))?;
    let (mut command, mut check) = (serve(home.path(), port)?, doctor_of(home.path(), port)?);
    // Root may write anywhere: be nobody. Its executable must then lie where nobody may look.
    if rustix::process::geteuid().is_root() {
        fs::set_permissions(home.path(), Permissions::from_mode(0o755))?;
        let copy = home.path().join("reelmill");
        fs::copy(executable()?, &copy)?;
        for command in [&mut command, &mut check] {
            let args: Vec<_> = command.as_std().get_args().map(ToOwned::to_owned).collect();
            let envs: Vec<_> = command
                .as_std()
                .get_envs()
                .filter_map(|(k, v)| Some((k.to_owned(), v?.to_owned())))
                .collect();
            *command = Command::new(&copy);
            command
                .args(args)
                .envs(envs)
                .current_dir(home.path())
                .stdin(Stdio::null());
            command
                .env("HOME", home.path())
                .uid(65_534)
                .gid(65_534)
                .kill_on_drop(true);
        }
    }
    refused(command, &["can't be written"]).await?;
    doctor(check, "can't be written").await?;
    fs::set_permissions(&data, Permissions::from_mode(0o755))?;
    Ok(())
}

#[tokio::test]
async fn a_wrong_configuration() -> Result<()> {
    let home = tempfile::tempdir()?;
    let port = port::free()?;
    for (name, value, word) in [
        ("REELMILL__LIMITS__UPLOAD_BYTE", "5", "limits.upload_byte"),
        (
            "REELMILL__LIMITS__UPLOAD_BYTES",
            "many",
            "limits.upload_bytes",
        ),
        ("REELMILL__BROKER__URL", "carrier-pigeon:", "broker.url"),
    ] {
        let mut command = serve(home.path(), port)?;
        command.env(name, value);
        refused(command, &[word]).await?;
    }
    fs::write(home.path().join("reelmill.toml"), "[encoder]\nslotz = 3\n")?;
    refused(
        serve(home.path(), port)?,
        &["encoder.slotz", "reelmill.toml"],
    )
    .await?;
    Ok(())
}

#[tokio::test]
async fn a_fit_environment_pleases_the_doctor() -> Result<()> {
    let home = tempfile::tempdir()?;
    let done = doctor_of(home.path(), port::free()?)?.output().await?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    ensure!(
        done.status.success(),
        "{said} {}",
        String::from_utf8_lossy(&done.stderr)
    );
    ensure!(said.contains("ffmpeg"), "{said}");
    Ok(())
}
