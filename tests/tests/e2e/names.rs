//! Names that are no paths: whatever people call their files, they get it back, and nothing on disk is called so.

use anyhow::{Context, Result, ensure};
use reelmill_tests::api::{id, output};
use reelmill_tests::server::files_below;
use reelmill_tests::tus::Tus;
use reelmill_tests::{Setup, clips, wait::secs};
use reqwest::Method;

#[tokio::test]
async fn names_never_become_paths() -> Result<()> {
    let server = Setup::new().start().await?;
    let dir = tempfile::tempdir()?;
    let film = clips::drawn(dir.path(), "film.mp4", "160x90", 0.4).await?;
    let bytes = std::fs::read(&film)?;
    let outside = files_below(server.home())?.len();
    let long = format!("{}.mp4", "ä".repeat(296));
    for name in [
        "../../../../etc/passwd",
        "..\\..\\boot.ini",
        "/etc/shadow",
        "a'b\"c`d$(touch x)e;f|g&h.mp4",
        "two\nlines\r\n.mp4",
        "tab\tand\u{0}nul.mp4",
        "🎬 Ünïcödé 電影.mp4",
        "-i.mp4",
        "%2e%2e%2fescape.mp4",
        "<script>alert(1)</script>.mp4",
        ".",
        "..",
        " ",
        &long,
    ] {
        one(&server, name, &bytes)
            .await
            .with_context(|| format!("named {name:?}"))?;
    }
    let grown = files_below(server.home())?;
    for (path, _) in &grown {
        let text = path.to_string_lossy();
        ensure!(
            text.is_ascii() && !text.contains(['\'', '"', '$', ';', '<']),
            "a file is called {text}"
        );
        for word in ["passwd", "shadow", "boot", "escape", "script"] {
            ensure!(!text.contains(word), "a file is called {text}");
        }
    }
    ensure!(grown.len() > outside);
    ensure!(!std::path::Path::new("/etc/passwd.mkv").exists());
    server.finish().await
}

async fn one(server: &reelmill_tests::Server, name: &str, bytes: &[u8]) -> Result<()> {
    let api = server.api();
    let tus = Tus::create(&api, name, bytes.len() as u64).await?;
    let sent = tus.patch(0, bytes.to_vec()).await?;
    ensure!(sent.status == 204, "{} {}", sent.status, sent.text);
    let job = api.submit(tus.id(), &["mkv"]).await?;
    let job = api.ends(&id(&job)?, "completed", secs(60)).await?;
    // Control characters may be cleaned away; the rest is theirs.
    let kept = job["source"]["name"].as_str().context("no name")?;
    ensure!(
        kept.chars().count() <= 300 && !kept.chars().any(char::is_control),
        "{kept:?}"
    );
    if name.chars().filter(|c| c.is_alphanumeric()).count() > 0 && !name.contains(['/', '\\']) {
        let letters = |t: &str| {
            t.chars()
                .filter(|c| c.is_alphanumeric())
                .collect::<String>()
        };
        ensure!(
            letters(kept).starts_with(&letters(name).chars().take(80).collect::<String>()),
            "{kept:?}"
        );
    }

    let url = output(&job, "mkv")?["url"].as_str().context("no url")?;
    let last = url.rsplit('/').next().unwrap_or_default();
    ensure!(last.ends_with(".mkv"), "{url}");
    let answer = api.http.get(api.url(url)).send().await?;
    ensure!(answer.status() == 200, "{url}: {}", answer.status());
    let shown = answer
        .headers()
        .get("content-disposition")
        .context("no Content-Disposition")?;
    ensure!(shown.to_str().is_ok_and(|s| !s.contains("..")), "{shown:?}");
    Ok(())
}

#[tokio::test]
async fn a_wrong_name_is_refused_plainly() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    for metadata in ["filename not-base64!", "filename YQ== YQ=="] {
        let answer = api
            .raw(
                Method::POST,
                "/api/v1/uploads",
                &[
                    ("tus-resumable", "1.0.0"),
                    ("upload-length", "5"),
                    ("upload-metadata", metadata),
                ],
                "",
            )
            .await?;
        ensure!(
            answer.status == 400 || answer.status == 422,
            "{metadata}: {} {}",
            answer.status,
            answer.text
        );
        ensure!(
            answer.content_type.starts_with("application/problem+json"),
            "{}",
            answer.content_type
        );
    }
    let upload = api.upload("x.mp4", vec![1, 2, 3]).await?;
    let body = serde_json::json!({"source": {"upload": upload}, "outputs": [{"preset": "mkv"}], "name": "x".repeat(301)});
    let answer = api.call(Method::POST, "/api/v1/jobs", Some(body)).await?;
    ensure!(
        answer.status == 422 && answer.json()?["field"] == "name",
        "{}",
        answer.text
    );
    server.finish().await
}
