//! Uploads without tus, as curl sends them.

use super::formats::sha256;
use anyhow::{Context, Result, ensure};
use reelmill_tests::{Setup, clips, wait::secs};
use serde_json::Value;
use tokio::process::Command;

async fn curl(args: &[&str]) -> Result<Value> {
    let done = Command::new("curl")
        .args(["-sS", "--fail-with-body"])
        .args(args)
        .output()
        .await?;
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    ensure!(
        done.status.success(),
        "curl {args:?}: {text} {}",
        String::from_utf8_lossy(&done.stderr)
    );
    serde_json::from_str(&text).with_context(|| text)
}

#[tokio::test]
async fn curl_uploads_by_put_by_form_and_by_pipe() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let bunny = clips::bunny();
    let path = bunny.to_string_lossy().into_owned();
    let url = server.url("/api/v1/uploads");
    let put = curl(&["-T", &path, &format!("{url}?name=clip.mp4")]).await?;
    let form = curl(&["-F", &format!("file=@{path}"), &url]).await?;
    let chunked = curl(&[
        "-T",
        &path,
        "-H",
        "Transfer-Encoding: chunked",
        &format!("{url}?name=clip.mp4"),
    ])
    .await?;
    let size = std::fs::metadata(&bunny)?.len();
    for (upload, name) in [
        (put, "clip.mp4"),
        (form, "bigbuckbunny.mp4"),
        (chunked, "clip.mp4"),
    ] {
        ensure!(
            upload["complete"] == true && upload["bytes"] == size,
            "{upload:#}"
        );
        ensure!(
            upload["name"] == name && upload["offset"] == size,
            "{upload:#}"
        );
        let id = reelmill_tests::api::id(&upload)?;
        let job = api.submit(&id, &["audio-opus"]).await?;
        let job = api
            .ends(&reelmill_tests::api::id(&job)?, "completed", secs(60))
            .await?;
        ensure!(job["source"]["sha256"] == sha256(&std::fs::read(&bunny)?));
        let upload = api.get(&format!("/api/v1/uploads/{id}")).await?;
        ensure!(upload["sha256"] == job["source"]["sha256"], "{upload:#}");
    }
    server.finish().await
}
