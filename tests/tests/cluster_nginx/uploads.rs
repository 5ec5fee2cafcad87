//! Uploads through the front: straight through, nothing kept, nothing repeated.

use crate::World;
use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::{StreamExt, stream};
use reelmill_tests::wait::{secs, until_true};
use reqwest::{Body, Method};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

const MIB: u64 = 1024 * 1024;

/// A body of so many MiB, with how many of them were asked for.
fn counted(mebibytes: u64) -> (Body, Arc<AtomicU64>) {
    let given = Arc::new(AtomicU64::new(0));
    let counter = given.clone();
    let piece = Bytes::from(vec![7_u8; MIB as usize]);
    let pieces = stream::iter(0..mebibytes).map(move |_| {
        counter.fetch_add(1, SeqCst);
        Ok::<_, std::convert::Infallible>(piece.clone())
    });
    (Body::wrap_stream(pieces), given)
}

#[tokio::test]
async fn a_large_upload_is_not_kept_on_the_way() -> Result<()> {
    let world = World::new().await?;
    let api = world.front.api();
    let before = world.front.disk()?;
    world.webapp.told.reading.store(false, SeqCst);
    let (body, given) = counted(256);
    let sending = tokio::spawn({
        let api = api.clone();
        async move { api.raw(Method::PUT, "/api/v1/uploads", &[], body).await }
    });
    // A service that doesn't read holds the sender up: all that fits between them is in sockets.
    let told = world.webapp.told.clone();
    until_true("the first bytes to arrive", secs(5), || {
        told.bytes.load(SeqCst) > 0
    })
    .await?;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    ensure!(
        given.load(SeqCst) < 128,
        "{} MiB left the sender",
        given.load(SeqCst)
    );
    ensure!(
        world.front.disk()? < before + 64 * 1024,
        "the front keeps the upload on its disk"
    );
    told.reading.store(true, SeqCst);
    until_true("the most of it to pass", secs(20), || {
        told.bytes.load(SeqCst) > 200 * MIB
    })
    .await?;
    ensure!(
        world.front.disk()? < before + 64 * 1024,
        "the front keeps the upload on its disk"
    );
    let answer = sending.await??;
    ensure!(answer.json()?["bytes"] == 256 * MIB, "{}", answer.text);
    Ok(())
}
