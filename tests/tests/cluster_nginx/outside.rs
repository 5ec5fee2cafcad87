//! TLS, and the headers that go with it.

use crate::stands::{Service, Store};
use anyhow::{Context, Result, ensure};
use reelmill_tests::cluster::Front;
use reelmill_tests::port;
use reqwest::redirect::Policy;
use std::process::Command;

#[tokio::test]
async fn tls_is_a_file_and_a_certificate_away() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ])
        .args([
            "-days",
            "1",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .args(["-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(folder.path())
        .output()
        .context("openssl is needed")?;
    ensure!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let tls = port::free()?;
    let shipped =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../nginx/tls.conf"))?;
    let place = folder.path().to_string_lossy();
    let ours = shipped
        .replace("/etc/nginx/reelmill.d", &place)
        .replace("listen 443 ssl;", &format!("listen 127.0.0.1:{tls} ssl;"));
    std::fs::write(folder.path().join("tls.conf"), ours)?;

    let store = Store::start().await?;
    let webapp = Service::start("webapp", &store).await?;
    let status = Service::start("status", &store).await?;
    let settings = [("REELMILL_FRONT_INCLUDE", &*place)];
    let front = Front::start_with(&[webapp.port], &[status.port], &settings).await?;

    let certificate = std::fs::read(folder.path().join("certificate.pem"))?;
    let client = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&certificate)?])
        .redirect(Policy::none())
        .build()?;
    let plain = client
        .get(front.api().url("/api/v1/jobs?limit=1"))
        .send()
        .await?;
    ensure!(plain.status() == 308, "{}", plain.status());
    ensure!(plain.headers()["location"] == "https://127.0.0.1/api/v1/jobs?limit=1");
    ensure!(plain.headers().get("strict-transport-security").is_none());
    for path in ["/", "/api/v1/jobs", "/media/a/b/c.mkv"] {
        let answer = client
            .get(format!("https://127.0.0.1:{tls}{path}"))
            .send()
            .await?;
        ensure!(answer.status() == 200, "{path}: {}", answer.status());
        ensure!(
            answer.headers()["strict-transport-security"] == "max-age=31536000",
            "{path}"
        );
    }
    let told: serde_json::Value = client
        .get(format!("https://127.0.0.1:{tls}/api/v1/jobs"))
        .send()
        .await?
        .json()
        .await?;
    ensure!(told["headers"]["x-forwarded-proto"] == "https", "{told}");
    Ok(())
}
