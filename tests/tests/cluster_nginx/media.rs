//! Finished files through the front: from the object store itself, in ranges, kept for the next one.

use crate::World;
use crate::stands::{SIZE, bytes};
use anyhow::{Result, ensure};
use reelmill_tests::wait::{secs, until};
use reqwest::Response;

const FILE: &str = "/media/job/output/film.mkv";

async fn get(world: &World, path: &str, headers: &[(&str, &str)]) -> Result<Response> {
    let api = world.front.api();
    let mut request = api.http.get(api.url(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Ok(request.send().await?)
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    let value = answer.headers().get(name);
    value.and_then(|v| v.to_str().ok()).unwrap_or_default()
}

#[tokio::test]
async fn a_file_comes_from_the_store_with_what_status_said_of_it() -> Result<()> {
    let world = World::new().await?;
    let secrets = [
        ("cookie", "session=1"),
        ("authorization", "Bearer x"),
        ("x-odd", "1"),
    ];
    let answer = get(&world, FILE, &secrets).await?;
    ensure!(answer.status() == 200, "{}", answer.status());
    for (name, value) in [
        ("content-type", "video/x-matroska"),
        ("content-disposition", "inline; filename=\"film.mkv\""),
        ("cache-control", "private, no-cache"),
        ("etag", "\"sha\""),
        ("accept-ranges", "bytes"),
        ("content-security-policy", "default-src 'self'"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("last-modified", ""),
        ("x-amz-request-id", ""),
        ("set-cookie", ""),
        ("x-accel-redirect", ""),
        ("content-length", SIZE.to_string().as_str()),
    ] {
        let all: Vec<_> = answer.headers().get_all(name).iter().collect();
        let wanted = usize::from(!value.is_empty());
        ensure!(
            all.len() == wanted,
            "{name} came {} times: {all:?}",
            all.len()
        );
        ensure!(
            header(&answer, name) == value,
            "{name}: {}",
            header(&answer, name)
        );
    }
    ensure!(answer.bytes().await? == bytes(), "other bytes");
    for seen in world.store.seen() {
        let store = format!("127.0.0.1:{}", world.store.port);
        ensure!(seen.headers["host"] == store.as_str(), "{seen:?}");
        ensure!(
            seen.uri.ends_with("/bucket/film.mkv?X-Signature=first%2F"),
            "{seen:?}"
        );
        for name in [
            "cookie",
            "authorization",
            "x-odd",
            "x-forwarded-for",
            "user-agent",
        ] {
            ensure!(
                seen.headers.get(name).is_none(),
                "the store saw {name}: {seen:?}"
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn ranges_fetch_only_what_they_need() -> Result<()> {
    let world = World::new().await?;
    let whole = bytes();
    for (range, first, end) in [
        ("bytes=0-0", 0, 1),
        ("bytes=9000000-", 9_000_000, SIZE),
        ("bytes=-5", SIZE - 5, SIZE),
        ("bytes=4194300-4194310", 4_194_300, 4_194_311),
    ] {
        let answer = get(&world, FILE, &[("range", range)]).await?;
        ensure!(answer.status() == 206, "{range}: {}", answer.status());
        let expected = format!("bytes {first}-{}/{SIZE}", end - 1);
        ensure!(
            header(&answer, "content-range") == expected,
            "{range}: {}",
            header(&answer, "content-range")
        );
        ensure!(header(&answer, "etag") == "\"sha\"");
        ensure!(
            answer.bytes().await? == whole.slice(first..end),
            "{range}: other bytes"
        );
    }
    // Three slices of four MiB hold it all, and none was fetched twice.
    ensure!(world.store.seen().len() <= 3, "{:?}", world.store.seen());
    let outside = get(&world, FILE, &[("range", "bytes=99999999-")]).await?;
    ensure!(outside.status() == 416, "{}", outside.status());
    Ok(())
}

#[tokio::test]
async fn a_range_holds_only_for_the_file_that_is_known() -> Result<()> {
    let world = World::new().await?;
    let same = get(
        &world,
        FILE,
        &[("range", "bytes=0-9"), ("if-range", "\"sha\"")],
    )
    .await?;
    ensure!(same.status() == 206, "{}", same.status());
    let other = get(
        &world,
        FILE,
        &[("range", "bytes=0-9"), ("if-range", "\"old\"")],
    )
    .await?;
    ensure!(other.status() == 200, "{}", other.status());
    ensure!(other.bytes().await?.len() == SIZE);
    let unchanged = get(&world, FILE, &[("if-none-match", "\"sha\"")]).await?;
    ensure!(unchanged.status() == 304, "{}", unchanged.status());
    let changed = get(&world, FILE, &[("if-none-match", "\"old\"")]).await?;
    ensure!(changed.status() == 200, "{}", changed.status());
    Ok(())
}

#[tokio::test]
async fn head_costs_the_store_nothing() -> Result<()> {
    let world = World::new().await?;
    let api = world.front.api();
    let answer = api.http.head(api.url(FILE)).send().await?;
    ensure!(answer.status() == 200);
    ensure!(header(&answer, "content-length") == SIZE.to_string());
    ensure!(header(&answer, "etag") == "\"sha\"");
    ensure!(world.store.seen().is_empty());
    Ok(())
}

#[tokio::test]
async fn what_was_fetched_once_is_kept_whatever_the_signature() -> Result<()> {
    let world = World::new().await?;
    let first = get(&world, FILE, &[]).await?;
    ensure!(
        header(&first, "x-cache") == "MISS",
        "{}",
        header(&first, "x-cache")
    );
    first.bytes().await?;
    let fetched = world.store.seen().len();
    *world.status.told.signature.lock().unwrap() = "second".into();
    for headers in [vec![], vec![("range", "bytes=5000000-5000009")]] {
        let again = get(&world, FILE, &headers).await?;
        ensure!(
            header(&again, "x-cache") == "HIT",
            "{}",
            header(&again, "x-cache")
        );
        ensure!(header(&again, "etag") == "\"sha\"");
        ensure!(header(&again, "content-type") == "video/x-matroska");
        again.bytes().await?;
    }
    ensure!(world.store.seen().len() == fetched, "fetched again");
    // Kept or not, status is asked each time: it may have expired, or belong to somebody else.
    let asked = world
        .status
        .told
        .requests
        .load(std::sync::atomic::Ordering::SeqCst);
    ensure!(asked == 3, "status was asked {asked} times");
    // Another file is another file.
    let other = get(&world, "/media/job/output/other.mkv", &[]).await?;
    ensure!(header(&other, "x-cache") == "MISS");
    Ok(())
}

#[tokio::test]
async fn odd_names_reach_the_store_as_they_were_signed() -> Result<()> {
    let world = World::new().await?;
    for name in [
        "a%20b.mkv",
        "50%25.mkv",
        "%C3%BC.mkv",
        "a%2Bb.mkv",
        "what%3F.mkv",
        "a%23b.mkv",
    ] {
        let answer = get(&world, &format!("/media/job/output/{name}"), &[]).await?;
        ensure!(answer.status() == 200, "{name}: {}", answer.status());
        let seen = world.store.seen();
        let wanted = format!("/bucket/{name}?");
        ensure!(
            seen.iter().any(|seen| seen.uri.contains(&wanted)),
            "{name} came otherwise: {seen:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_store_that_fails_is_not_shown() -> Result<()> {
    let world = World::new().await?;
    for status in [301, 400, 403, 500, 503] {
        let answer = get(&world, &format!("/media/job/output/{status}"), &[]).await?;
        ensure!(answer.status() == 502, "{status}: {}", answer.status());
        ensure!(header(&answer, "content-type") == "application/problem+json");
        let text = answer.text().await?;
        ensure!(
            text.contains("storage_unavailable") && !text.contains("Secret"),
            "{text}"
        );
    }
    // It is gone: deleted in between.
    let gone = get(&world, "/media/job/output/404", &[]).await?;
    ensure!(gone.status() == 404, "{}", gone.status());
    ensure!(gone.text().await?.contains("not_found"));
    Ok(())
}

/// A signature is a key to its file for hours: whoever reads a log must not find one there.
#[tokio::test]
async fn no_signature_stands_in_a_log() -> Result<()> {
    let world = World::new().await?;
    let answer = get(&world, FILE, &[]).await?;
    ensure!(answer.status() == 200, "{}", answer.status());
    answer.bytes().await?;
    world.store.die();
    let answer = get(&world, "/media/job/output/other.mkv", &[]).await?;
    ensure!(answer.status() == 502, "{}", answer.status());
    until("the failure to be logged", secs(10), || {
        let told = world.front.requests();
        let told = told.iter().any(|line| line.contains("/bucket/other.mkv"));
        async move { Ok(told.then_some(())) }
    })
    .await?;
    for file in std::fs::read_dir(world.front.home())? {
        let path = file?.path();
        if path.is_file() {
            let text = String::from_utf8_lossy(&std::fs::read(&path)?).into_owned();
            ensure!(!text.contains("X-Signature"), "{}: {text}", path.display());
        }
    }
    Ok(())
}
