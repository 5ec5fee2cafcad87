//! Finished files through the front, from every kind of object store.

use anyhow::{Context, Result, ensure};
use reelmill_tests::cluster::{Cluster, Storage};
use reelmill_tests::wait::secs;
use reelmill_tests::{api, clips};

/// A job's file by the front: whole, in ranges, by its tag, and the second time from the front's own disk if it came from
/// the store by itself.
async fn media_through(storage: Storage) -> Result<()> {
    let cluster = Cluster::builder().storage(storage).start().await?;
    let api = cluster.api();
    let dir = tempfile::tempdir()?;
    // A few MiB, so that it has more than one slice.
    let film = clips::heavy(dir.path(), "640x360", 4).await?;
    let job = api.make(&film, &["mkv"]).await?;
    let done = api.ends(&job, "completed", secs(180)).await?;
    let output = api::output(&done, "mkv")?;
    let url = api.url(output["url"].as_str().context("no URL")?);
    let bytes = output["bytes"].as_u64().context("no size")?;
    let tag = format!("\"{}\"", output["sha256"].as_str().context("no sum")?);

    let get = |headers: &[(&'static str, String)]| {
        let mut request = api.http.get(&url);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        request.send()
    };
    let whole = get(&[]).await?;
    ensure!(whole.status() == 200, "{}", whole.status());
    let by_itself = whole.headers().contains_key("x-cache");
    ensure!(
        by_itself == (storage != Storage::SharedFolder),
        "{:?}",
        whole.headers()
    );
    for (name, value) in [
        ("etag", tag.as_str()),
        ("content-type", "video/x-matroska"),
        ("content-length", &bytes.to_string()),
        ("accept-ranges", "bytes"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "private, no-cache"),
    ] {
        let all: Vec<_> = whole.headers().get_all(name).iter().collect();
        ensure!(all.len() == 1 && all[0] == value, "{name}: {all:?}");
    }
    ensure!(whole.headers().contains_key("content-disposition"));
    ensure!(whole.headers().contains_key("content-security-policy"));
    let whole = whole.bytes().await?;
    ensure!(whole.len() as u64 == bytes);

    for (range, part) in [
        ("bytes=0-99", 0..100),
        ("bytes=-100", bytes as usize - 100..bytes as usize),
        ("bytes=1000-", 1000..bytes as usize),
    ] {
        let answer = get(&[("range", range.into())]).await?;
        ensure!(answer.status() == 206, "{range}: {}", answer.status());
        let said = format!("bytes {}-{}/{bytes}", part.start, part.end - 1);
        ensure!(
            answer.headers()["content-range"] == said.as_str(),
            "{range}"
        );
        ensure!(
            !by_itself || answer.headers()["x-cache"] == "HIT",
            "{range} was fetched again"
        );
        ensure!(answer.bytes().await? == whole.slice(part), "{range}");
    }
    let outside = get(&[("range", format!("bytes={bytes}-"))]).await?;
    ensure!(outside.status() == 416, "{}", outside.status());
    let unchanged = get(&[("if-none-match", tag.clone())]).await?;
    ensure!(unchanged.status() == 304, "{}", unchanged.status());
    let head = api.http.head(&url).send().await?;
    ensure!(head.status() == 200 && head.headers()["content-length"] == bytes.to_string());
    ensure!(head.headers()["etag"] == tag.as_str());

    // What is deleted is gone, kept by the front or not.
    api.ok(
        reqwest::Method::DELETE,
        &format!("/api/v1/jobs/{job}"),
        None,
    )
    .await?;
    let gone = get(&[]).await?;
    ensure!(gone.status() == 404, "{}", gone.status());
    cluster.finish().await
}

#[tokio::test]
async fn media_from_s3() -> Result<()> {
    media_through(Storage::S3).await
}

#[tokio::test]
async fn media_from_swift() -> Result<()> {
    media_through(Storage::Swift).await
}

#[tokio::test]
async fn media_from_a_shared_folder() -> Result<()> {
    media_through(Storage::SharedFolder).await
}
