//! Which service answers what.

use crate::World;
use anyhow::{Result, ensure};
use reelmill_tests::raw;
use reqwest::Method;

#[tokio::test]
async fn every_route_reaches_its_service() -> Result<()> {
    let world = World::new().await?;
    let api = world.front.api();
    let id = "019a9d8e-0000-7000-8000-000000000000";
    let (webapp, status) = ("webapp", "status");
    let table = [
        ("GET", "/", webapp),
        ("GET", "/assets/index-abc.js", webapp),
        ("GET", "/docs", webapp),
        ("GET", "/docs/walk", webapp),
        ("GET", "/api/openapi.json", webapp),
        ("GET", "/api/v1/uploads", webapp),
        ("OPTIONS", "/api/v1/uploads", webapp),
        ("POST", "/api/v1/uploads", webapp),
        ("PUT", "/api/v1/uploads?name=a%20b.mp4", webapp),
        ("PATCH", &format!("/api/v1/uploads/{id}"), webapp),
        ("GET", &format!("/api/v1/uploads/{id}"), webapp),
        ("DELETE", &format!("/api/v1/uploads/{id}"), webapp),
        ("POST", "/api/v1/jobs", webapp),
        ("GET", "/api/v1/jobs?limit=3&cursor=a%2Fb", status),
        ("GET", &format!("/api/v1/jobs/{id}"), status),
        ("PATCH", &format!("/api/v1/jobs/{id}"), webapp),
        ("DELETE", &format!("/api/v1/jobs/{id}"), webapp),
        ("POST", &format!("/api/v1/jobs/{id}/cancel"), webapp),
        ("POST", &format!("/api/v1/jobs/{id}/retry"), webapp),
        ("OPTIONS", "/api/v1/jobs", webapp),
        ("GET", "/api/v1/presets", status),
        ("GET", "/api/v1/workers", status),
        ("PATCH", &format!("/api/v1/workers/{id}"), webapp),
        ("GET", "/api/v1/stats", status),
        ("GET", "/api/v1/nothing", status),
        ("POST", "/media/job/output/film.mkv", webapp),
        ("GET", "/api/v1/uploadsx", status),
        ("GET", "/api/v2/jobs", webapp),
        ("GET", "/mediation", webapp),
        ("GET", "/healthz", status),
        ("GET", "/readyz", status),
    ];
    for (method, path, service) in table {
        let answer = api
            .call(Method::from_bytes(method.as_bytes())?, path, None)
            .await?;
        ensure!(
            answer.status == 200,
            "{method} {path}: {} {}",
            answer.status,
            answer.text
        );
        let told = answer.json()?;
        ensure!(
            told["service"] == service,
            "{method} {path} went to {}",
            told["service"]
        );
        ensure!(
            told["method"] == method,
            "{method} {path} came as {}",
            told["method"]
        );
        ensure!(
            told["path"] == path,
            "{method} {path} came as {}",
            told["path"]
        );
    }
    for path in ["/", "/api/v1/uploads/x", "/docs"] {
        let before = world
            .webapp
            .told
            .requests
            .load(std::sync::atomic::Ordering::SeqCst);
        let head = api.http.head(api.url(path)).send().await?;
        ensure!(head.status() == 200, "HEAD {path}: {}", head.status());
        let after = world
            .webapp
            .told
            .requests
            .load(std::sync::atomic::Ordering::SeqCst);
        ensure!(after == before + 1, "HEAD {path} went elsewhere");
    }
    Ok(())
}

/// A service judges by the path as it was sent: the front must not be wiser, or it would lead to the wrong one.
#[tokio::test]
async fn odd_spellings_are_led_by_the_letter() -> Result<()> {
    let world = World::new().await?;
    for path in [
        "//api/v1/jobs",
        "/api//v1/jobs",
        "/%61pi/v1/jobs",
        "/x/../api/v1/jobs",
        "/./api/v1/jobs",
    ] {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
        let (status, answer) = raw::exchange(world.front.port(), request.as_bytes()).await?;
        ensure!(status == 200, "{path}: {answer}");
        ensure!(
            answer.contains("\"service\":\"webapp\""),
            "{path}: {answer}"
        );
        ensure!(
            answer.contains(&format!("\"path\":\"{path}\"")),
            "{path}: {answer}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_service_learns_who_asks_and_by_what_name() -> Result<()> {
    // By default only this machine's proxies are believed, and here that is everybody.
    let trusting = World::new().await?;
    let wary = World::with(&[("REELMILL_TRUSTED_PROXY", "192.0.2.1")]).await?;
    for (world, address) in [(&trusting, "203.0.113.7"), (&wary, "127.0.0.1")] {
        let api = world.front.api();
        let request = api
            .http
            .get(api.url("/api/v1/jobs"))
            .header("x-forwarded-for", "203.0.113.7");
        let told: serde_json::Value = request.send().await?.json().await?;
        let headers = &told["headers"];
        ensure!(headers["x-real-ip"] == address, "{headers}");
        ensure!(headers["x-forwarded-for"] == address, "{headers}");
        ensure!(headers["x-forwarded-proto"] == "http", "{headers}");
        let host = format!("127.0.0.1:{}", world.front.port());
        ensure!(headers["host"] == host.as_str(), "{headers}");
        let id = headers["x-request-id"].as_str().unwrap_or_default();
        ensure!(id.len() == 32, "no request id: {headers}");
    }
    Ok(())
}
