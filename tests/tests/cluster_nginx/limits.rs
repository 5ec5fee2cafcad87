//! What the front itself refuses, and in which words.

use crate::World;
use anyhow::{Result, ensure};
use reqwest::Method;
use std::sync::atomic::Ordering::SeqCst;

#[tokio::test]
async fn only_uploads_may_be_large() -> Result<()> {
    let world = World::new().await?;
    let api = world.front.api();
    let body = vec![b' '; 3 * 1024 * 1024];
    let answer = api
        .raw(Method::POST, "/api/v1/jobs", &[], body.clone())
        .await?;
    answer.problem(413, "body_too_large")?;
    ensure!(world.webapp.told.requests.load(SeqCst) == 0);
    for method in [Method::PUT, Method::POST, Method::PATCH] {
        let answer = api
            .raw(method, "/api/v1/uploads", &[], body.clone())
            .await?;
        ensure!(answer.status == 200, "{}", answer.text);
    }
    ensure!(world.webapp.told.bytes.load(SeqCst) == 3 * body.len() as u64);
    Ok(())
}

#[tokio::test]
async fn figures_and_inner_places_are_not_for_the_world() -> Result<()> {
    let world = World::new().await?;
    let api = world.front.api();
    let store = format!("/_objects/http/127.0.0.1:{}/bucket/x", world.store.port);
    for path in ["/metrics", &store] {
        for method in [Method::GET, Method::POST] {
            let answer = api.call(method, path, None).await?;
            answer.problem(404, "not_found")?;
        }
    }
    ensure!(world.webapp.told.requests.load(SeqCst) == 0);
    ensure!(world.status.told.requests.load(SeqCst) == 0);
    ensure!(world.store.seen().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_service_keeps_its_own_words() -> Result<()> {
    let world = World::new().await?;
    let answer = world
        .front
        .api()
        .call(Method::GET, "/api/v1/unwell", None)
        .await?;
    ensure!(
        answer.status == 503 && answer.text == "its own words",
        "{answer:?}"
    );
    Ok(())
}

#[tokio::test]
async fn long_names_fit_into_headers() -> Result<()> {
    let world = World::new().await?;
    let api = world.front.api();
    let name = "n".repeat(20_000);
    let headers = [("upload-metadata", name.as_str())];
    let answer = api
        .raw(Method::POST, "/api/v1/uploads", &headers, "")
        .await?;
    ensure!(answer.json()?["headers"]["upload-metadata"] == name.as_str());
    Ok(())
}

#[tokio::test]
async fn text_is_packed_and_says_so() -> Result<()> {
    let world = World::new().await?;
    let api = world.front.api();
    let request = api
        .http
        .get(api.url("/api/v1/jobs"))
        .header("accept-encoding", "gzip");
    let answer = request.send().await?;
    ensure!(answer.headers()["content-encoding"] == "gzip");
    let vary = answer.headers()["vary"].to_str()?.to_lowercase();
    ensure!(vary.contains("accept-encoding"), "{vary}");
    ensure!(answer.bytes().await?.starts_with(&[0x1f, 0x8b]));
    let plain = api.http.get(api.url("/api/v1/jobs")).send().await?;
    ensure!(plain.headers().get("content-encoding").is_none());
    Ok(())
}
