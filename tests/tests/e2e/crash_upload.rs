//! `kill -9` at any moment of an upload: every acknowledged byte is still there, and the rest can follow.

use super::formats::sha256;
use anyhow::{Context, Result, ensure};
use reelmill_tests::clips::{drawn, noise};
use reelmill_tests::tus::Tus;
use reelmill_tests::{Setup, wait::secs};
use std::time::Duration;

/// A real film of so many bytes: a `free` box at its end holds noise that players skip.
async fn padded_film(dir: &std::path::Path, bytes: usize) -> Result<Vec<u8>> {
    let film = drawn(dir, "film.mp4", "160x90", 0.4).await?;
    let mut made = std::fs::read(film)?;
    let rest = bytes.checked_sub(made.len()).context("too short")?;
    made.extend_from_slice(&u32::try_from(rest)?.to_be_bytes());
    made.extend_from_slice(b"free");
    made.extend_from_slice(&noise(99, rest - 8));
    Ok(made)
}

#[tokio::test]
async fn an_upload_survives_kills_at_any_moment() -> Result<()> {
    let mut server = Setup::new().start().await?;
    let dir = tempfile::tempdir()?;
    let film = padded_film(dir.path(), 24_000_000).await?;
    let tus = Tus::create(&server.api(), "film.mp4", film.len() as u64).await?;
    let mut acknowledged = 0;
    let moments = noise(31, 8);
    for moment in moments {
        let offset = tus.offset().await?;
        ensure!(
            offset >= acknowledged,
            "{acknowledged} bytes were acknowledged, {offset} are there"
        );
        let from = usize::try_from(offset)?;
        // One piece that is answered, then one that is cut off on its way.
        let piece = &film[from..(from + 700_000).min(film.len())];
        let answer = tus.patch(offset, piece.to_vec()).await?;
        ensure!(answer.status == 204, "{}", answer.text);
        acknowledged = offset + piece.len() as u64;
        let from = usize::try_from(acknowledged)?;
        let rest = film[from..(from + 2_000_000).min(film.len())].to_vec();
        let pieces = rest.chunks(100_000).map(<[u8]>::to_vec).collect::<Vec<_>>();
        let slow = futures::stream::unfold(pieces.into_iter(), |mut pieces| async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Some((Ok::<_, std::io::Error>(pieces.next()?), pieces))
        });
        let sender = tus.clone();
        let sending = tokio::spawn(async move {
            sender
                .patch(acknowledged, reqwest::Body::wrap_stream(slow))
                .await
        });
        tokio::time::sleep(Duration::from_millis(u64::from(moment))).await;
        server.kill().await?;
        // It was cut off, or just in time.
        if let Ok(Ok(answer)) = sending.await {
            ensure!(answer.status == 204, "{}", answer.text);
        }
        server.launch().await?;
    }
    let offset = tus.offset().await?;
    ensure!(
        offset >= acknowledged,
        "{acknowledged} acknowledged, {offset} there"
    );
    let answer = tus
        .patch(offset, film[usize::try_from(offset)?..].to_vec())
        .await?;
    ensure!(answer.status == 204, "{}", answer.text);
    server.crash().await?;

    let job = server.api().submit(tus.id(), &["mkv"]).await?;
    let job = server
        .api()
        .ends(&reelmill_tests::api::id(&job)?, "completed", secs(60))
        .await?;
    ensure!(
        job["source"]["sha256"] == sha256(&film),
        "other bytes arrived: {job:#}"
    );
    server.finish().await
}

#[tokio::test]
async fn a_broken_connection_loses_nothing_that_arrived() -> Result<()> {
    let server = Setup::new().start().await?;
    let film = noise(77, 3_000_000);
    let tus = Tus::create(&server.api(), "film.mp4", film.len() as u64).await?;
    // Two thirds, then the sender is gone.
    let there = film[..2_000_000].to_vec();
    let broken = futures::stream::iter([
        Ok(bytes::Bytes::from(there)),
        Err(std::io::Error::other("the cable was pulled")),
    ]);
    let answer = tus.patch(0, reqwest::Body::wrap_stream(broken)).await;
    ensure!(answer.is_err() || answer.is_ok_and(|a| a.status != 204));
    let offset = reelmill_tests::until("the bytes to be counted", secs(20), || async {
        let offset = tus.offset().await?;
        Ok((offset > 0).then_some(offset))
    })
    .await?;
    ensure!(offset <= 2_000_000);
    let answer = tus
        .patch(offset, film[usize::try_from(offset)?..].to_vec())
        .await?;
    ensure!(answer.status == 204, "{}", answer.text);
    let upload = server
        .api()
        .get(&format!("/api/v1/uploads/{}", tus.id()))
        .await?;
    ensure!(
        upload["complete"] == true && upload["offset"] == 3_000_000,
        "{upload:#}"
    );
    server.finish().await
}
