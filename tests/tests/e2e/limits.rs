//! The three limits refuse, each with a code of its own.

use anyhow::{Context, Result, ensure};
use reelmill_tests::clips::{drawn, noise};
use reelmill_tests::tus::Tus;
use reelmill_tests::{Setup, wait::secs};
use reqwest::Method;

#[tokio::test]
async fn too_many_bytes_are_refused_however_they_come() -> Result<()> {
    let server = Setup::new()
        .set("limits.upload_bytes", 100_000)
        .start()
        .await?;
    let api = server.api();
    Tus::try_create(&api, "big.mp4", 100_001)
        .await?
        .problem(413, "upload_too_large")?;
    api.raw(
        Method::PUT,
        "/api/v1/uploads?name=big.mp4",
        &[],
        noise(3, 100_001),
    )
    .await?
    .problem(413, "upload_too_large")?;
    // A body whose length isn't told is cut off when it passes the limit.
    let pieces = (0..64).map(|n| Ok::<_, std::io::Error>(noise(n, 4096)));
    let stream = reqwest::Body::wrap_stream(futures::stream::iter(pieces));
    api.raw(Method::PUT, "/api/v1/uploads?name=big.mp4", &[], stream)
        .await?
        .problem(413, "upload_too_large")?;
    let form = reqwest::multipart::Form::new().part(
        "file",
        reqwest::multipart::Part::bytes(noise(3, 100_001)).file_name("big.mp4"),
    );
    let answer = api
        .http
        .post(api.url("/api/v1/uploads"))
        .multipart(form)
        .send()
        .await?;
    ensure!(answer.status() == 413, "{}", answer.status());

    let head = api
        .http
        .request(Method::OPTIONS, api.url("/api/v1/uploads"))
        .send()
        .await?;
    ensure!(
        head.headers()
            .get("tus-max-size")
            .context("no Tus-Max-Size")?
            == "100000"
    );
    api.upload("fits.mp4", noise(3, 100_000)).await?;
    server.finish().await
}

#[tokio::test]
async fn too_long_and_too_large_films_fail_with_their_codes() -> Result<()> {
    let server = Setup::new()
        .set("limits.duration_s", 3)
        .set("limits.pixels", 320 * 180)
        .start()
        .await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    for (name, size, seconds, code) in [
        ("long.mp4", "160x90", 4.0, "too_long"),
        ("large.mp4", "322x180", 1.0, "too_many_pixels"),
    ] {
        let film = drawn(dir.path(), name, size, seconds).await?;
        let id = api.make(&film, &["mkv"]).await?;
        let job = api.ends(&id, "failed", secs(60)).await?;
        ensure!(job["error"]["code"] == code, "{name}: {job:#}");
        ensure!(
            job["outputs"][0]["failures"] == 0 || job["outputs"][0]["state"] == "failed",
            "{job:#}"
        );
    }
    let fits = drawn(dir.path(), "fits.mp4", "320x180", 2.0).await?;
    let id = api.make(&fits, &["mkv"]).await?;
    api.ends(&id, "completed", secs(60)).await?;
    server.finish().await
}
