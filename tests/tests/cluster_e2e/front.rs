//! The front and the services agree on who has what.

use anyhow::{Result, ensure};
use reelmill_tests::cluster::Cluster;
use reelmill_tests::raw;
use reqwest::Method;

#[tokio::test]
async fn nothing_is_led_to_the_wrong_service() -> Result<()> {
    let mut cluster = Cluster::builder().start().await?;
    let id = "019a9d8e-0000-7000-8000-000000000000";
    let paths = [
        "/",
        "/docs",
        "/api/openapi.json",
        "/nothing",
        "/healthz",
        "/readyz",
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nothing",
        "/api/v1/uploads",
        "/api/v1/uploads/",
        &format!("/api/v1/uploads/{id}"),
        "/api/v1/uploadsx",
        "/api/v1/jobs",
        "/api/v1/jobs/",
        &format!("/api/v1/jobs/{id}"),
        &format!("/api/v1/jobs/{id}/cancel"),
        &format!("/api/v1/jobs/{id}/retry"),
        "/api/v1/presets",
        "/api/v1/workers",
        &format!("/api/v1/workers/{id}"),
        "/api/v1/stats",
        "/api/v2/jobs",
        "/media",
        "/media/",
        &format!("/media/{id}/{id}/a.mkv"),
        "/mediation",
        "//api/v1/jobs",
        "/api//v1/jobs",
        "/%61pi/v1/jobs",
        "/x/../api/v1/jobs",
        "/./media/a",
    ];
    for path in paths {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let request = format!(
                "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let (status, answer) =
                raw::exchange(cluster.front().port(), request.as_bytes()).await?;
            ensure!(status != 421, "{method} {path}: {answer}");
            ensure!(status < 500, "{method} {path}: {answer}");
        }
    }
    // Past the front, each service says whose it is.
    let webapp = cluster.webapp(0).api();
    webapp
        .call(Method::GET, "/api/v1/jobs", None)
        .await?
        .problem(421, "misdirected")?;
    let status = cluster.status(0).api();
    status
        .call(Method::POST, "/api/v1/jobs", None)
        .await?
        .problem(421, "misdirected")?;
    cluster.finish().await
}

#[tokio::test]
async fn a_replica_that_is_killed_is_covered_for() -> Result<()> {
    let mut cluster = Cluster::builder().webapps(2).statuses(2).start().await?;
    let api = cluster.api();
    cluster.webapp(0).kill().await?;
    cluster.status(1).kill().await?;
    for _ in 0..10 {
        api.get("/api/v1/jobs").await?;
        ensure!(api.http.get(api.url("/")).send().await?.status() == 200);
        api.upload("film.mp4", vec![0; 1000]).await?;
    }
    cluster.webapp(0).launch().await?;
    cluster.status(1).launch().await?;
    cluster.finish().await
}
