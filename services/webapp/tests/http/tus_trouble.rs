//! tus when things go wrong: hanging, racing, dying.

use crate::service::{Service, bytes, header, problem, until};
use reelmill_domain::id::UploadId;
use reelmill_store::uploads;
use std::time::Duration;
use tokio::{io::AsyncReadExt, time::Instant};

#[tokio::test]
async fn a_head_frees_an_upload_whose_patch_hangs() {
    let service = Service::start().await;
    let data = bytes(100_000);
    let path = service.create(data.len()).await;
    let mut hung = service.hanging(&path, 0, 100_000, &data[..60_000]).await;
    let begun = Instant::now();
    assert_eq!(service.offset(&path).await, 60_000);
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
    let mut answer = vec![0; 12];
    hung.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 423");
    assert_eq!(
        service
            .patch(&path, 60_000, data[60_000..].to_vec())
            .await
            .status(),
        204
    );
    let view = service.json(&path).await;
    assert_eq!(std::fs::read(service.object(&view)).unwrap(), data);
}

#[tokio::test]
async fn what_came_before_a_client_went_counts() {
    let service = Service::start().await;
    let path = service.create(100_000).await;
    let gone = service.hanging(&path, 0, 100_000, &bytes(30_000)).await;
    drop(gone);
    until("the lock to go", async || !service.locked(&path).await).await;
    assert_eq!(service.offset(&path).await, 30_000);
}

#[tokio::test]
async fn what_came_on_a_slow_line_counts_before_its_end() {
    let service = Service::start().await;
    let path = service.create(100_000).await;
    let _slow = service.hanging(&path, 0, 100_000, &bytes(30_000)).await;
    until("the checkpoint", async || {
        service.json(&path).await["offset"] == 30_000
    })
    .await;
    assert!(service.locked(&path).await);
    // Even if the server dies now, and its lock with it.
    let service = service.crash().await;
    assert!(!service.locked(&path).await);
    assert_eq!(service.offset(&path).await, 30_000);
}

#[tokio::test]
async fn parallel_patches_never_mix() {
    let service = Service::start().await;
    let data = bytes(2_000_000);
    let path = service.create(data.len()).await;
    let sends = (0..8).map(|_| service.patch(&path, 0, data.clone()));
    for answer in futures::future::join_all(sends).await {
        match answer.status().as_u16() {
            204 => {}
            409 => _ = problem(answer, 409, "wrong_offset").await,
            _ => _ = problem(answer, 423, "upload_locked").await,
        }
    }
    // Each that came later has asked the one before to let go; what is there counts, and the rest may follow.
    let there = usize::try_from(service.offset(&path).await).unwrap();
    if there < data.len() {
        let rest = data[there..].to_vec();
        let answer = service.patch(&path, there as u64, rest).await;
        assert_eq!(answer.status(), 204);
    }
    let view = service.json(&path).await;
    assert_eq!(view["complete"], true);
    assert_eq!(std::fs::read(service.object(&view)).unwrap(), data);
}

#[tokio::test]
async fn a_stop_in_order_keeps_what_came() {
    let service = Service::start().await;
    let path = service.create(100_000).await;
    let hung = service.hanging(&path, 0, 100_000, &bytes(30_000)).await;
    let service = service.restart().await;
    drop(hung);
    assert_eq!(service.offset(&path).await, 30_000);
}

#[tokio::test]
async fn a_hanging_upload_can_be_terminated() {
    let service = Service::start().await;
    let path = service.create(100).await;
    let _hung = service.hanging(&path, 0, 100, b"abc").await;
    assert_eq!(service.send("DELETE", &path, &[], "").await.status(), 204);
    problem(service.send("GET", &path, &[], "").await, 404, "not_found").await;
    until("its bytes to go", async || service.files().is_empty()).await;
}

/// As if a process had died between the last byte and the end: the row says 3 of 3, but not complete.
async fn unfinished(service: &Service) -> String {
    unfinished_and_locked(service, 0).await
}

/// [`unfinished`], with the dead process's lock, which lapses after so many milliseconds.
async fn unfinished_and_locked(service: &Service, ms: i64) -> String {
    let path = service.create(4).await;
    assert_eq!(service.patch(&path, 0, "abc").await.status(), 204);
    let id: UploadId = path.rsplit('/').next().unwrap().parse().unwrap();
    let token = uuid::Uuid::now_v7();
    let db = service.store.db();
    let mut upload = uploads::acquire(db, id, token, ms).await.unwrap().unwrap();
    upload.length = Some(3);
    uploads::advance(db, &upload, token, 60_000)
        .await
        .unwrap()
        .unwrap();
    let upload = uploads::find(db, id).await.unwrap().unwrap();
    assert!(upload.is_unfinished());
    path
}

#[tokio::test]
async fn an_upload_with_every_byte_is_finished_by_whoever_looks() {
    let service = Service::start().await;
    let path = unfinished(&service).await;
    assert_eq!(service.offset(&path).await, 3);
    let view = service.json(&path).await;
    assert_eq!(view["complete"], true);
    assert_eq!(std::fs::read(service.object(&view)).unwrap(), b"abc");
}

#[tokio::test]
async fn an_upload_whose_finisher_died_is_whole_for_whoever_needs_it() {
    let service = Service::start().await;
    let path = unfinished_and_locked(&service, 2_000).await;
    // Its bytes are all there: who submits a job waits for the dead process's lock instead of being told otherwise.
    let begun = Instant::now();
    let job = service.job(path.rsplit('/').next().unwrap()).await;
    assert_eq!(job["source"]["bytes"], 3);
    assert!(begun.elapsed() > Duration::from_secs(1), "nobody waited");

    let path = unfinished_and_locked(&service, 6_000).await;
    assert_eq!(
        service.json(&path).await["complete"],
        false,
        "a look waits for nobody"
    );
    assert_eq!(service.offset(&path).await, 3);
    assert_eq!(service.json(&path).await["complete"], true);
}

#[tokio::test]
async fn an_upload_with_every_byte_is_finished_by_a_client_that_goes_on() {
    let service = Service::start().await;
    let path = unfinished(&service).await;
    // It died even later: the object was there, only the row didn't know.
    let part = service.files().pop().unwrap();
    let whole = part.to_str().unwrap().replace("/.uploads/", "/");
    // Without the name of its writer.
    let (whole, _) = whole.rsplit_once('.').unwrap();
    std::fs::create_dir_all(std::path::Path::new(whole).parent().unwrap()).unwrap();
    std::fs::rename(&part, whole).unwrap();
    problem(service.patch(&path, 3, "d").await, 413, "beyond_length").await;
    assert_eq!(service.patch(&path, 3, "").await.status(), 204);
    let view = service.json(&path).await;
    assert_eq!(view["complete"], true);
    assert_eq!(std::fs::read(service.object(&view)).unwrap(), b"abc");
}

#[tokio::test]
async fn an_expired_upload_is_gone() {
    let service = Service::start_with(0).await;
    let path = service.create(4).await;
    problem(
        service.send("GET", &path, &[], "").await,
        410,
        "upload_expired",
    )
    .await;
    problem(service.patch(&path, 0, "abcd").await, 410, "upload_expired").await;
    let head = service
        .send("HEAD", &path, &[("tus-resumable", "1.0.0")], "")
        .await;
    assert_eq!(head.status(), 410);
    assert_eq!(header(&head, "tus-resumable").as_deref(), Some("1.0.0"));
    let service = service.crash().await;
    until("the sweep", async || service.files().is_empty()).await;
    problem(
        service.send("GET", &path, &[], "").await,
        410,
        "upload_expired",
    )
    .await;
}
