//! tus 1.0.0 by the letter: what its pages demand, and what goes wrong.

use super::formats::sha256;
use anyhow::{Context, Result, ensure};
use base64::{Engine, prelude::BASE64_STANDARD};
use reelmill_tests::clips::noise;
use reelmill_tests::tus::Tus;
use reelmill_tests::wait::{secs, until};
use reelmill_tests::{Setup, raw};
use reqwest::Method;
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn the_server_says_what_it_can() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let answer = api
        .http
        .request(Method::OPTIONS, api.url("/api/v1/uploads"))
        .send()
        .await?;
    ensure!(
        answer.status() == 204 || answer.status() == 200,
        "{}",
        answer.status()
    );
    let header = |name: &str| {
        answer
            .headers()
            .get(name)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default()
    };
    ensure!(header("tus-version") == "1.0.0" && header("tus-resumable") == "1.0.0");
    for extension in [
        "creation",
        "creation-with-upload",
        "checksum",
        "expiration",
        "termination",
    ] {
        ensure!(
            header("tus-extension").split(',').any(|e| e == extension),
            "{extension}"
        );
    }
    ensure!(
        header("tus-checksum-algorithm")
            .split(',')
            .any(|a| a == "sha1")
    );
    server.finish().await
}

#[tokio::test]
async fn an_upload_in_pieces_arrives_whole() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let bytes = noise(12, 500_000);
    let tus = Tus::create(&api, "film.mp4", bytes.len() as u64).await?;
    let mut at = 0;
    for piece in [1, 99_999, 200_000, 150_000, 50_000] {
        ensure!(tus.offset().await? == at as u64);
        let answer = tus.patch(at as u64, bytes[at..at + piece].to_vec()).await?;
        ensure!(answer.status == 204, "{}", answer.text);
        at += piece;
    }
    let head = api
        .http
        .head(&tus.url)
        .header("tus-resumable", "1.0.0")
        .send()
        .await?;
    ensure!(
        head.headers()["upload-length"] == "500000" && head.headers()["upload-offset"] == "500000"
    );
    ensure!(
        head.headers()["cache-control"]
            .to_str()?
            .contains("no-store")
    );
    ensure!(
        head.headers().contains_key("upload-expires"),
        "{:?}",
        head.headers()
    );
    let view = api.get(&format!("/api/v1/uploads/{}", tus.id())).await?;
    ensure!(
        view["complete"] == true && view["name"] == "film.mp4",
        "{view:#}"
    );

    // creation-with-upload
    let answer = api
        .raw(
            Method::POST,
            "/api/v1/uploads",
            &[
                ("tus-resumable", "1.0.0"),
                ("upload-length", "1000"),
                ("content-type", "application/offset+octet-stream"),
            ],
            noise(1, 600),
        )
        .await?;
    ensure!(answer.status == 201, "{}", answer.text);
    let url = api.url(&answer.location.context("no Location")?);
    let head = api
        .http
        .head(&url)
        .header("tus-resumable", "1.0.0")
        .send()
        .await?;
    ensure!(head.headers()["upload-offset"] == "600");

    // termination
    let gone = api
        .raw(Method::DELETE, &url, &[("tus-resumable", "1.0.0")], "")
        .await?;
    ensure!(gone.status == 204, "{}", gone.text);
    let head = api
        .http
        .head(&url)
        .header("tus-resumable", "1.0.0")
        .send()
        .await?;
    ensure!(
        [404, 410].contains(&head.status().as_u16()),
        "{}",
        head.status()
    );
    server.finish().await
}

#[tokio::test]
async fn wrong_offsets_versions_and_types_change_nothing() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let tus = Tus::create(&api, "film.mp4", 1000).await?;
    tus.patch(0, noise(1, 300)).await?;
    for offset in [0, 299, 301, 1000, 5000] {
        tus.patch(offset, noise(2, 100))
            .await?
            .problem(409, "wrong_offset")?;
    }
    tus.patch_with(300, noise(2, 100), &[("tus-resumable", "0.2.2")])
        .await?
        .problem(412, "unsupported_tus_version")?;
    let answer = api
        .raw(
            Method::PATCH,
            &tus.url,
            &[
                ("content-type", "application/offset+octet-stream"),
                ("upload-offset", "300"),
            ],
            noise(2, 5),
        )
        .await?;
    ensure!(
        answer.status == 412,
        "without a version: {} {}",
        answer.status,
        answer.text
    );
    let answer = tus
        .patch_with(300, noise(2, 100), &[("content-type", "video/mp4")])
        .await?;
    ensure!(answer.status == 415, "{}", answer.text);
    for offset in ["-1", "x", "99999999999999999999999"] {
        let answer = tus
            .patch_with(300, noise(2, 100), &[("upload-offset", offset)])
            .await?;
        ensure!(
            answer.status == 400 || answer.status == 422 || answer.status == 409,
            "{offset}: {}",
            answer.text
        );
        ensure!(answer.content_type.starts_with("application/problem+json"));
    }
    let answer = tus.patch(300, noise(2, 701)).await?;
    ensure!(
        answer.status == 413 || answer.status == 409 || answer.status == 400,
        "past its length: {} {}",
        answer.status,
        answer.text
    );
    let offset = tus.offset().await?;
    ensure!((300..=1000).contains(&offset), "{offset}");
    for length in ["-5", "x", ""] {
        let answer = api
            .raw(
                Method::POST,
                "/api/v1/uploads",
                &[("tus-resumable", "1.0.0"), ("upload-length", length)],
                "",
            )
            .await?;
        ensure!(
            answer.status == 400 || answer.status == 422,
            "{length:?}: {}",
            answer.text
        );
    }
    server.finish().await
}

#[tokio::test]
async fn a_wrong_checksum_leaves_the_offset_where_it_was() -> Result<()> {
    let server = Setup::new().start().await?;
    let tus = Tus::create(&server.api(), "film.mp4", 1000).await?;
    let piece = noise(6, 400);
    let wrong = format!("sha1 {}", BASE64_STANDARD.encode([7_u8; 20]));
    let answer = tus
        .patch_with(0, piece.clone(), &[("upload-checksum", &wrong)])
        .await?;
    answer.problem(460, "wrong_checksum")?;
    ensure!(tus.offset().await? == 0, "the offset moved");
    let answer = tus
        .patch_with(0, piece.clone(), &[("upload-checksum", "crc99 AAAA")])
        .await?;
    ensure!(answer.status == 400, "{} {}", answer.status, answer.text);

    use sha1::Digest;
    let right = format!(
        "sha1 {}",
        BASE64_STANDARD.encode(sha1::Sha1::digest(&piece))
    );
    let answer = tus
        .patch_with(0, piece, &[("upload-checksum", &right)])
        .await?;
    ensure!(answer.status == 204, "{}", answer.text);
    ensure!(tus.offset().await? == 400);
    server.finish().await
}

#[tokio::test]
async fn two_senders_at_once_corrupt_nothing() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let film = reelmill_tests::clips::drawn(dir.path(), "film.mp4", "640x360", 3.0).await?;
    let bytes = std::fs::read(film)?;
    let tus = Tus::create(&api, "film.mp4", bytes.len() as u64).await?;
    let mut tries = 0;
    while tus.offset().await? < bytes.len() as u64 {
        tries += 1;
        ensure!(tries < 200, "no headway");
        let at = tus.offset().await?;
        let from = usize::try_from(at)?;
        let piece = bytes[from..(from + 60_000).min(bytes.len())].to_vec();
        let (one, two) = tokio::join!(tus.patch(at, piece.clone()), tus.patch(at, piece));
        let (one, two) = (one?, two?);
        let won = [&one, &two].iter().filter(|a| a.status == 204).count();
        ensure!(
            won >= 1,
            "{} {} / {} {}",
            one.status,
            one.text,
            two.status,
            two.text
        );
        for lost in [one, two].iter().filter(|a| a.status != 204) {
            ensure!(
                lost.status == 409 || lost.status == 423,
                "{} {}",
                lost.status,
                lost.text
            );
        }
    }
    let job = api.submit(tus.id(), &["audio-opus"]).await?;
    let job = api
        .ends(&reelmill_tests::api::id(&job)?, "completed", secs(60))
        .await?;
    ensure!(job["source"]["sha256"] == sha256(&bytes));
    server.finish().await
}

#[tokio::test]
async fn a_head_frees_an_upload_whose_sender_hangs() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let tus = Tus::create(&api, "film.mp4", 1000).await?;
    // A sender that promises 1000 bytes, sends 100 and says no more.
    let mut hanging = tokio::net::TcpStream::connect(("127.0.0.1", server.port())).await?;
    let path = &tus.url[tus.url.find("/api").context("no path")?..];
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: 1000\r\n\r\n",
        server.port()
    );
    hanging.write_all(head.as_bytes()).await?;
    hanging.write_all(&noise(3, 1000)[..100]).await?;
    hanging.flush().await?;

    let offset = until("the upload to be free", secs(20), || async {
        let offset = tus.offset().await?;
        let rest = noise(3, 1000)[usize::try_from(offset)?..].to_vec();
        let answer = tus.patch(offset, rest).await?;
        Ok((answer.status == 204).then_some(offset))
    })
    .await?;
    ensure!(offset <= 100, "{offset}");
    ensure!(tus.offset().await? == 1000);
    drop(hanging);
    server.finish().await
}

#[tokio::test]
async fn methods_may_be_overridden_and_nonsense_is_refused() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let tus = Tus::create(&api, "film.mp4", 10).await?;
    let answer = api
        .raw(
            Method::POST,
            &tus.url,
            &[
                ("tus-resumable", "1.0.0"),
                ("x-http-method-override", "PATCH"),
                ("upload-offset", "0"),
                ("content-type", "application/offset+octet-stream"),
            ],
            vec![0_u8; 10],
        )
        .await?;
    ensure!(answer.status == 204, "{} {}", answer.status, answer.text);
    let request = format!(
        "FROB /api/v1/uploads HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n",
        server.port()
    );
    let (status, answer) = raw::exchange(server.port(), request.as_bytes()).await?;
    ensure!(status == 405 || status == 404 || status == 501, "{answer}");
    ensure!(!answer.contains("<html"), "{answer}");
    server.finish().await
}
