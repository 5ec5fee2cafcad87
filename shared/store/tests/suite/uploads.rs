//! Locks and offsets of uploads.

use super::fixture::count;
use reelmill_domain::{
    id::{FileId, JobId, SourceId, UploadId},
    wire::Traceparent,
};
use reelmill_store::{Store, now, refs, refs::Holder, uploads::*};
use uuid::Uuid;

async fn begun(store: &Store, lock: Option<(Uuid, i64)>) -> Upload {
    let new = NewUpload {
        id: UploadId(Uuid::now_v7()),
        owner: String::new(),
        name: "a\"b.mp4".into(),
        metadata: "filename YQ==".into(),
        length: Some(10),
        object_key: format!("sources/{}", Uuid::now_v7()),
        sink: serde_json::json!({"part": 1}),
        expires_in_ms: 60_000,
        lock,
    };
    insert(store.db(), new).await.unwrap()
}

pub async fn one_holds_the_lock_until_he_lets_go_or_it_lapses(store: &Store) {
    let db = store.db();
    let upload = begun(store, None).await;
    assert_eq!(find(db, upload.id).await.unwrap().unwrap(), upload);
    let (a, b) = (Uuid::now_v7(), Uuid::now_v7());
    assert!(acquire(db, upload.id, a, 60_000).await.unwrap().is_some());
    assert!(acquire(db, upload.id, b, 60_000).await.unwrap().is_none());
    assert_eq!(look(db, upload.id, a).await.unwrap(), Held::Yes);
    assert_eq!(look(db, upload.id, b).await.unwrap(), Held::Lost);
    ask_to_let_go(db, upload.id).await.unwrap();
    assert_eq!(look(db, upload.id, a).await.unwrap(), Held::AskedToLetGo);
    release(db, upload.id, b).await.unwrap();
    assert!(
        find(db, upload.id)
            .await
            .unwrap()
            .unwrap()
            .is_locked(now(db).await.unwrap())
    );
    release(db, upload.id, a).await.unwrap();
    let locked = acquire(db, upload.id, b, 0).await.unwrap().unwrap();
    assert!(!locked.is_locked(now(db).await.unwrap()));
    // It lapsed at once: the next one gets it, and the first one's writes count no more.
    assert!(acquire(db, upload.id, a, 60_000).await.unwrap().is_some());
    assert!(!renew(db, upload.id, b, 60_000).await.unwrap());
    assert!(advance(db, &locked, b, 60_000).await.unwrap().is_none());
    assert_eq!(void_all(db).await.unwrap(), 1);
    assert_eq!(look(db, upload.id, a).await.unwrap(), Held::Lost);
}

pub async fn what_is_advanced_and_completed_is_read_back_and_held(store: &Store) {
    let db = store.db();
    let token = Uuid::now_v7();
    let mut upload = begun(store, Some((token, 60_000))).await;
    upload.offset = 10;
    upload.sink = serde_json::json!({"part": 2});
    assert!(advance(db, &upload, token, 60_000).await.unwrap().is_some());
    let read = find(db, upload.id).await.unwrap().unwrap();
    assert_eq!((read.offset, &read.sink), (10, &upload.sink));
    assert!(read.is_unfinished());
    let file = FileId(Uuid::now_v7());
    assert!(complete(db, &upload, token, file, 10).await.unwrap());
    assert!(!complete(db, &upload, token, file, 10).await.unwrap());
    let trace = Traceparent::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    note_trace(db, upload.id, trace.as_ref().unwrap())
        .await
        .unwrap();
    let read = find(db, upload.id).await.unwrap().unwrap();
    assert!(read.complete && !read.is_unfinished());
    assert_eq!(read.trace, trace);
    let first = use_as_source(db, &read, SourceId(Uuid::now_v7()))
        .await
        .unwrap();
    let again = find(db, upload.id).await.unwrap().unwrap();
    let second = use_as_source(db, &again, SourceId(Uuid::now_v7()))
        .await
        .unwrap();
    assert_eq!(first, second);
    // Deleting the upload leaves the file to a job that holds it.
    let job = Holder::Job(JobId(Uuid::now_v7()));
    refs::hold(db, file, job).await.unwrap();
    assert!(delete(db, upload.id, token).await.unwrap());
    refs::hold(db, file, job).await.unwrap();
}

pub async fn an_expired_upload_is_swept_unless_somebody_writes_to_it(store: &Store) {
    let db = store.db();
    let token = Uuid::now_v7();
    let upload = begun(store, Some((token, 120_000))).await;
    let at = now(db).await.unwrap();
    assert!(expired(db, at, 10).await.unwrap().is_empty());
    assert!(
        expired(db, at.plus_s(61), 10).await.unwrap().is_empty(),
        "it is locked"
    );
    // Again and again, until its bytes are gone.
    for _ in 0..2 {
        assert_eq!(expired(db, at.plus_s(121), 10).await.unwrap().len(), 1);
    }
    let late = expired(db, at.plus_s(121), 10).await.unwrap();
    assert_eq!(late.len(), 1);
    assert!(late[0].is_gone(at.plus_s(61)) && !late[0].is_gone(at));
    assert!(mark_gone(db, upload.id, token).await.unwrap());
    assert!(expired(db, at.plus_s(121), 10).await.unwrap().is_empty());
    // Found by what an index says, not by reading every row that only remembers.
    assert_eq!(count(store, "uploads", "holds_bytes").await, 0);
    assert!(find(db, upload.id).await.unwrap().unwrap().is_gone(at));
    assert_eq!(forget(db, at).await.unwrap(), 0);
    assert_eq!(forget(db, at.plus_s(61)).await.unwrap(), 1);
    assert!(find(db, upload.id).await.unwrap().is_none());
}
