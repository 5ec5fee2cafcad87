//! Uploads that two webapps take in: one database, one object store.

use crate::service::{Service, bytes, problem, until};
use reelmill_store::{ConnectionTrait, uploads};
use std::time::Duration;
use tokio::{io::AsyncReadExt, time::Instant};

#[tokio::test]
async fn an_upload_goes_on_with_another_replica_after_any_204() {
    let first = Service::start().await;
    let second = first.replica().await;
    let data = bytes(300_000);
    let path = first.create(data.len()).await;
    let mut sent = 0;
    for (piece, service) in data.chunks(100_000).zip([&first, &second, &first]) {
        let answer = service.patch(&path, sent, piece.to_vec()).await;
        assert_eq!(answer.status(), 204);
        sent += piece.len() as u64;
        assert_eq!(second.offset(&path).await, sent);
    }
    let view = second.json(&path).await;
    assert_eq!(view["complete"], true);
    assert_eq!(std::fs::read(second.object(&view)).unwrap(), data);
}

#[tokio::test]
async fn a_killed_replica_s_upload_goes_on_with_the_other() {
    let first = Service::start().await;
    let second = first.replica().await;
    let data = bytes(100_000);
    let path = first.create(data.len()).await;
    assert_eq!(
        first
            .patch(&path, 0, data[..40_000].to_vec())
            .await
            .status(),
        204
    );
    first.kill();
    assert_eq!(second.offset(&path).await, 40_000);
    let rest = data[40_000..].to_vec();
    assert_eq!(second.patch(&path, 40_000, rest).await.status(), 204);
    let view = second.json(&path).await;
    assert_eq!(std::fs::read(second.object(&view)).unwrap(), data);
}

#[tokio::test]
async fn a_later_patch_has_the_earlier_one_let_go() {
    let first = Service::start().await;
    let second = first.replica().await;
    let data = bytes(100_000);
    let path = first.create(data.len()).await;
    let mut hung = first.hanging(&path, 0, data.len(), &data[..60_000]).await;
    let begun = Instant::now();
    let refused = second.patch(&path, 0, data.clone()).await;
    assert_eq!(refused.headers()["upload-offset"], "60000");
    problem(refused, 409, "wrong_offset").await;
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
    let mut answer = vec![0; 12];
    hung.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 423");
    let rest = data[60_000..].to_vec();
    assert_eq!(second.patch(&path, 60_000, rest).await.status(), 204);
    let view = first.json(&path).await;
    assert_eq!(std::fs::read(first.object(&view)).unwrap(), data);
}

#[tokio::test]
async fn what_is_stored_already_disturbs_nobody() {
    let first = Service::start().await;
    let second = first.replica().await;
    let path = first.create(100).await;
    assert_eq!(first.patch(&path, 0, "abc").await.status(), 204);
    let _hung = first.hanging(&path, 3, 50, b"def").await;
    problem(second.patch(&path, 0, "abc").await, 409, "wrong_offset").await;
    assert!(first.locked(&path).await);
}

#[tokio::test]
async fn bytes_of_a_holder_whose_lock_lapsed_do_not_count() {
    let first = Service::start().await;
    let second = first.replica().await;
    let path = first.create(100_000).await;
    let mut hung = first.hanging(&path, 0, 100_000, &[b'a'; 30_000]).await;
    // As if the first had been stopped for longer than its lock lasts.
    let lapse = "UPDATE uploads SET lock_until = 0";
    let lapsed = first.store.db().execute_unprepared(lapse).await.unwrap();
    assert_eq!(lapsed.rows_affected(), 1);
    assert_eq!(
        second.patch(&path, 0, vec![b'b'; 20_000]).await.status(),
        204
    );
    let mut answer = vec![0; 12];
    hung.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 423");
    assert_eq!(second.offset(&path).await, 20_000);
    let rest = vec![b'b'; 80_000];
    assert_eq!(second.patch(&path, 20_000, rest).await.status(), 204);
    let view = second.json(&path).await;
    assert_eq!(
        std::fs::read(second.object(&view)).unwrap(),
        [b'b'; 100_000]
    );
}

#[tokio::test]
async fn an_upload_whose_removal_broke_off_is_over_and_swept() {
    let service = Service::start().await;
    let path = service.create(100).await;
    assert_eq!(service.patch(&path, 0, "abc").await.status(), 204);
    // A process died after it had said that the upload is over, with the lock in its hand.
    let (db, token) = (service.store.db(), uuid::Uuid::now_v7());
    let id = service.upload(&path).await.id;
    let upload = uploads::acquire(db, id, token, 0).await.unwrap().unwrap();
    let over = uploads::advance(db, &upload, token, 0).await.unwrap();
    assert!(over.is_some());
    problem(service.patch(&path, 3, "d").await, 410, "upload_expired").await;
    let _again = service.replica().await;
    until("the sweep", async || service.files().is_empty()).await;
    problem(
        service.send("GET", &path, &[], "").await,
        410,
        "upload_expired",
    )
    .await;
}
