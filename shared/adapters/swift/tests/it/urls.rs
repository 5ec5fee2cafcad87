//! Temporary URLs, used as a proxy would: by plain HTTP, without a token.

use crate::support::{Fresh, MIB};
use reelmill_objects::{ObjectStore, suite::pattern};
use reelmill_swift::Secret;
use reqwest::{StatusCode, header::RANGE};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(300);

async fn status(url: url::Url) -> StatusCode {
    reqwest::get(url).await.unwrap().status()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_url_gives_ranges_of_its_object_and_of_no_other() {
    let fresh = Fresh::new(|config| config.prefix = "store".into());
    let store = fresh.open();
    let data = pattern(3 * MIB as usize, 1);
    let file = fresh.folder.path().join("long");
    std::fs::write(&file, &data).unwrap();
    store.put_file("outputs/a.webm", &file).await.unwrap();
    store
        .put_bytes("outputs/b.webm", "other".into())
        .await
        .unwrap();

    let url = store
        .presign("outputs/a.webm", LONG)
        .await
        .unwrap()
        .unwrap();
    let http = reqwest::Client::new();
    let part = http
        .get(url.clone())
        .header(RANGE, "bytes=2000000-2200000")
        .send()
        .await
        .unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    // Across the border of two segments.
    assert!(part.bytes().await.unwrap() == data[2_000_000..=2_200_000]);
    let all = http.get(url.clone()).send().await.unwrap();
    assert!(all.bytes().await.unwrap() == data);

    let mut other = url.clone();
    other.set_path(&url.path().replace("a.webm", "b.webm"));
    assert_eq!(status(other).await, StatusCode::UNAUTHORIZED);
    let put = http.put(url.clone()).body("x").send().await.unwrap();
    assert_eq!(put.status(), StatusCode::UNAUTHORIZED);
    // Another process signs with the same key.
    let second = fresh
        .open()
        .presign("outputs/b.webm", LONG)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(status(second).await, StatusCode::OK);
    assert_eq!(status(url).await, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_url_ends() {
    let fresh = Fresh::new(|config| config.temp_url_key = Some(Secret::new("configured")));
    let store = fresh.open();
    store.put_bytes("o", "x".into()).await.unwrap();
    let url = store
        .presign("o", Duration::from_secs(2))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(status(url.clone()).await, StatusCode::OK);
    let deadline = Instant::now() + Duration::from_secs(15);
    while status(url.clone()).await != StatusCode::UNAUTHORIZED {
        assert!(Instant::now() < deadline, "it does not end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
