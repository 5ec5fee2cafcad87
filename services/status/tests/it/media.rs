//! The bytes of outputs: ranges, tags, names.

use crate::{
    begun::Begun,
    fake::{Fake, MADE},
    world::{Running, World, config, in_both_worlds},
};
use reelmill_domain::id::JobId;
use reelmill_status::StatusConfig;
use reqwest::{Method, Response, header::HeaderMap};
use std::sync::{Arc, Mutex};

async fn ask(status: &Running, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = reqwest::Client::new().request(method, format!("{}{path}", status.url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

async fn published(world: &World, status: &Running) -> (JobId, String) {
    let mut worker = Fake::start(world, 1).await;
    let job = world.submit(&["mkv"]).await;
    worker.work_off(world, 3).await;
    let view = status.until_state(job.id, "completed").await;
    (
        job.id,
        view["outputs"][0]["url"].as_str().unwrap().to_owned(),
    )
}

fn has(headers: &HeaderMap, name: &str, value: &str) {
    assert_eq!(
        headers.get(name).map(|v| v.to_str().unwrap()),
        Some(value),
        "{name}"
    );
}

in_both_worlds!(ranges_and_tags);

async fn ranges_and_tags(world: World) {
    let status = world.status().await;
    let (_, url) = published(&world, &status).await;
    let etag = format!("\"{}\"", "ef".repeat(32));
    let get = async |headers: &[(&str, &str)]| ask(&status, Method::GET, &url, headers).await;

    let whole = get(&[]).await;
    assert_eq!(whole.status(), 200);
    let headers = whole.headers().clone();
    has(&headers, "etag", &etag);
    has(&headers, "accept-ranges", "bytes");
    has(&headers, "content-length", "10");
    has(&headers, "content-type", "video/x-matroska");
    has(&headers, "x-content-type-options", "nosniff");
    has(
        &headers,
        "content-disposition",
        "inline; filename=\"clip.mkv\"; filename*=UTF-8''clip.mkv",
    );
    assert_eq!(whole.bytes().await.unwrap(), MADE);

    for (range, shown, bytes) in [
        ("bytes=2-4", "bytes 2-4/10", &MADE[2..5]),
        ("bytes=-3", "bytes 7-9/10", &MADE[7..]),
        ("bytes=8-99", "bytes 8-9/10", &MADE[8..]),
    ] {
        for more in [None, Some(("If-Range", etag.as_str()))] {
            let headers: Vec<_> = [("Range", range)].into_iter().chain(more).collect();
            let part = get(&headers).await;
            assert_eq!(part.status(), 206);
            has(part.headers(), "content-range", shown);
            has(part.headers(), "content-length", &bytes.len().to_string());
            assert_eq!(part.bytes().await.unwrap(), bytes);
        }
    }
    let outside = get(&[("Range", "bytes=10-")]).await;
    assert_eq!(outside.status(), 416);
    has(outside.headers(), "content-range", "bytes */10");
    has(
        outside.headers(),
        "content-type",
        "application/problem+json",
    );

    let changed = get(&[("Range", "bytes=2-4"), ("If-Range", "\"other\"")]).await;
    assert_eq!(changed.status(), 200);
    for tag in [etag.as_str(), "*", &format!("\"x\", W/{etag}")] {
        let same = get(&[("If-None-Match", tag)]).await;
        assert_eq!(same.status(), 304);
        has(same.headers(), "etag", &etag);
        assert!(same.bytes().await.unwrap().is_empty());
    }

    let head = ask(&status, Method::HEAD, &url, &[("Range", "bytes=0-0")]).await;
    assert_eq!(head.status(), 206);
    has(head.headers(), "content-length", "1");
    let saved = ask(&status, Method::GET, &format!("{url}?download=1"), &[]).await;
    let disposition = saved.headers()["content-disposition"].to_str().unwrap();
    assert!(disposition.starts_with("attachment;"), "{disposition}");
}

in_both_worlds!(what_is_not_there_is_404_and_nothing_is_served_before_it_is_published);

async fn what_is_not_there_is_404_and_nothing_is_served_before_it_is_published(world: World) {
    let status = world.status().await;
    let (done, url) = published(&world, &status).await;
    let job = world.submit(&["mkv"]).await;
    let (id, output) = (job.id, job.outputs[0].id);
    for path in [
        format!("/media/{id}/{output}/clip.mkv"),
        format!("/media/{id}/{id}/clip.mkv"),
        format!("/media/{output}/{output}/clip.mkv"),
        format!("/media/{id}/nonsense/clip.mkv"),
        format!("/media/{id}/{output}/..%2f..%2ft.db"),
    ] {
        let response = ask(&status, Method::GET, &path, &[]).await;
        assert_eq!(response.status(), 404, "{path}");
        has(
            response.headers(),
            "content-type",
            "application/problem+json",
        );
    }
    assert_eq!(
        ask(&status, Method::GET, &url.replace("clip.mkv", "x"), &[])
            .await
            .status(),
        404
    );
    world.delete(done).await;
    assert_eq!(ask(&status, Method::GET, &url, &[]).await.status(), 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_front_that_can_fetches_files_itself() {
    let mut world = World::embedded().await;
    let folder = world.objects.clone();
    world.objects = Arc::new(Begun {
        inner: folder,
        unfinished: Mutex::default(),
    });
    let status = world
        .status_with(StatusConfig {
            accel_redirect: true,
            ..config()
        })
        .await;
    let (_, url) = published(&world, &status).await;
    let etag = format!("\"{}\"", "ef".repeat(32));
    let get = async |headers: &[(&str, &str)]| ask(&status, Method::GET, &url, headers).await;
    for ranged in [&[][..], &[("Range", "bytes=2-4"), ("If-Range", &etag)][..]] {
        let handed = get(ranged).await;
        assert_eq!(handed.status(), 200);
        let headers = handed.headers().clone();
        let to = headers["x-accel-redirect"].to_str().unwrap();
        assert!(
            to.starts_with("/_objects/https/store.example:8443/bucket/outputs/"),
            "{to}"
        );
        assert!(to.ends_with("?sign=a%2Fb"), "{to}");
        has(&headers, "etag", &etag);
        has(&headers, "content-type", "video/x-matroska");
        has(&headers, "cache-control", "private, no-cache");
        assert!(headers.contains_key("content-disposition"));
        assert!(!headers.contains_key("content-range"));
        assert!(handed.bytes().await.unwrap().is_empty());
    }
    // What only status can judge, it answers.
    assert_eq!(get(&[("If-None-Match", &etag)]).await.status(), 304);
    assert_eq!(get(&[("Range", "bytes=10-")]).await.status(), 416);
    let other = get(&[("Range", "bytes=2-4"), ("If-Range", "\"other\"")]).await;
    assert_eq!(other.bytes().await.unwrap(), MADE);
    let head = ask(&status, Method::HEAD, &url, &[]).await;
    has(head.headers(), "content-length", "10");
    assert!(!head.headers().contains_key("x-accel-redirect"));
}
