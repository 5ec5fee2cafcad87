//! What a web page of somebody else may do on loopback without keys: nothing.

use anyhow::{Context, Result, ensure};
use reelmill_tests::{Setup, raw};
use reqwest::Method;

#[tokio::test]
async fn a_foreign_host_or_origin_is_refused() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let port = server.port();
    for host in [
        "evil.example",
        "127.0.0.1.evil.example",
        &format!("evil.example:{port}"),
    ] {
        let request =
            format!("GET /api/v1/jobs HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let (status, answer) = raw::exchange(port, request.as_bytes()).await?;
        ensure!(status == 403 && answer.contains("foreign_host"), "{answer}");
    }
    for host in [
        format!("localhost:{port}"),
        format!("127.0.0.1:{port}"),
        format!("[::1]:{port}"),
    ] {
        let request =
            format!("GET /api/v1/jobs HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let (status, answer) = raw::exchange(port, request.as_bytes()).await?;
        ensure!(status == 200, "{host}: {answer}");
    }
    for origin in [
        "https://evil.example",
        "null",
        "http://127.0.0.1.evil.example",
    ] {
        api.raw(
            Method::PUT,
            "/api/v1/uploads?name=x",
            &[("origin", origin)],
            "x",
        )
        .await?
        .problem(403, "foreign_origin")?;
    }
    let own = format!("http://127.0.0.1:{port}");
    let answer = api
        .raw(
            Method::PUT,
            "/api/v1/uploads?name=x",
            &[("origin", &own)],
            "x",
        )
        .await?;
    ensure!(answer.status == 201, "{}", answer.text);
    server.finish().await
}

#[tokio::test]
async fn a_configured_origin_may_upload_and_sees_the_tus_headers() -> Result<()> {
    let server = Setup::new()
        .set("http.cors_origins", "https://videos.example.org")
        .start()
        .await?;
    let api = server.api();
    let ask = |origin: &'static str| {
        api.http
            .request(Method::OPTIONS, api.url("/api/v1/uploads"))
            .header("origin", origin)
            .header("access-control-request-method", "PATCH")
            .header(
                "access-control-request-headers",
                "tus-resumable,upload-offset",
            )
            .send()
    };
    let answer = ask("https://videos.example.org").await?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    let allowed = answer
        .headers()
        .get("access-control-allow-origin")
        .context("refused")?;
    ensure!(allowed == "https://videos.example.org");
    let answer = ask("https://evil.example").await?;
    ensure!(
        answer
            .headers()
            .get("access-control-allow-origin")
            .is_none()
    );

    let answer = api
        .http
        .post(api.url("/api/v1/uploads"))
        .header("origin", "https://videos.example.org")
        .header("tus-resumable", "1.0.0")
        .header("upload-length", "10")
        .send()
        .await?;
    ensure!(answer.status() == 201);
    let exposed = answer
        .headers()
        .get("access-control-expose-headers")
        .context("none")?;
    let exposed = exposed.to_str()?.to_lowercase();
    for name in ["location", "upload-offset", "tus-resumable"] {
        ensure!(exposed.contains(name), "{exposed}");
    }
    server.finish().await
}
