//! What an upload promises when nothing goes wrong, and how it ends.

use super::{incoming, pattern, whole};
use crate::{ObjectError, ObjectStore};
use std::sync::Arc;

/// Pieces, in order, become the object.
pub async fn an_upload_becomes_an_object(store: Arc<dyn ObjectStore>) {
    let data = pattern(20_000_000, 1);
    let uploads = store.uploads();
    let mut state = uploads.begin("sources/u", None).await.unwrap();
    let mut offset = 0;
    for piece in data.chunks(7_000_000) {
        let done = uploads
            .append("sources/u", state, offset, incoming(piece, 64 * 1024))
            .await
            .unwrap();
        assert!(done.broken.is_none());
        offset += piece.len() as u64;
        assert_eq!(done.offset, offset);
        state = done.state;
    }
    let meta = uploads.finish("sources/u", state, offset).await.unwrap();
    assert_eq!((meta.key.as_str(), meta.bytes), ("sources/u", offset));
    assert!(
        whole(&*store, "sources/u").await == data,
        "the bytes differ"
    );
}

/// One byte at a time or everything at once: the same object.
pub async fn chunks_of_any_size_come_out_the_same(store: Arc<dyn ObjectStore>) {
    let data = pattern(3_000_001, 2);
    let few = &data[..5_000];
    for (key, data, chunk) in [
        ("one", few, 1),
        ("odd", &data[..], 999),
        ("page", &data[..], 4096),
        ("big", &data[..], 1_500_000),
        ("all", &data[..], data.len()),
    ] {
        let state = store.uploads().begin(key, None).await.unwrap();
        let done = store
            .uploads()
            .append(key, state, 0, incoming(data, chunk))
            .await
            .unwrap();
        assert_eq!(done.offset, data.len() as u64);
        store
            .uploads()
            .finish(key, done.state, done.offset)
            .await
            .unwrap();
        assert!(whole(&*store, key).await == data, "{key} differs");
    }
}

/// Nothing is a piece, too.
pub async fn an_empty_upload_becomes_an_empty_object(store: Arc<dyn ObjectStore>) {
    let uploads = store.uploads();
    let state = uploads.begin("none", None).await.unwrap();
    let done = uploads
        .append("none", state, 0, incoming(b"", 1))
        .await
        .unwrap();
    assert_eq!(done.offset, 0);
    uploads.finish("none", done.state, 0).await.unwrap();
    assert_eq!(store.head("none").await.unwrap().bytes, 0);
    let state = uploads.begin("nothing", None).await.unwrap();
    uploads.finish("nothing", state.clone(), 0).await.unwrap();
    uploads.finish("nothing", state, 0).await.unwrap();
    assert_eq!(store.head("nothing").await.unwrap().bytes, 0);
}

/// Before it is finished there is nothing to see.
pub async fn an_unfinished_upload_is_no_object(store: Arc<dyn ObjectStore>) {
    let uploads = store.uploads();
    let state = uploads.begin("u", None).await.unwrap();
    let done = uploads
        .append("u", state, 0, incoming(b"abc", 1))
        .await
        .unwrap();
    assert!(matches!(
        store.head("u").await,
        Err(ObjectError::NotFound { .. })
    ));
    uploads.finish("u", done.state, 3).await.unwrap();
    assert_eq!(whole(&*store, "u").await, b"abc");
}

/// After a crash between finishing and writing it down, finishing again finds it done.
pub async fn finishing_twice_is_fine(store: Arc<dyn ObjectStore>) {
    let uploads = store.uploads();
    let state = uploads.begin("u", None).await.unwrap();
    let done = uploads
        .append("u", state, 0, incoming(b"abc", 3))
        .await
        .unwrap();
    let first = uploads.finish("u", done.state.clone(), 3).await.unwrap();
    let again = uploads.finish("u", done.state, 3).await.unwrap();
    assert_eq!(first, again);
}

/// An object is never made of less than was promised.
pub async fn finishing_too_early_fails(store: Arc<dyn ObjectStore>) {
    let uploads = store.uploads();
    let state = uploads.begin("u", None).await.unwrap();
    let done = uploads
        .append("u", state, 0, incoming(b"abc", 3))
        .await
        .unwrap();
    let early = uploads.finish("u", done.state.clone(), 4).await;
    assert!(early.is_err());
    assert!(store.head("u").await.is_err());
    let done = uploads
        .append("u", done.state, 3, incoming(b"d", 1))
        .await
        .unwrap();
    uploads.finish("u", done.state, 4).await.unwrap();
    assert_eq!(whole(&*store, "u").await, b"abcd");
}

/// Nothing of an aborted upload stays, and aborting twice is no error.
pub async fn an_aborted_upload_is_gone(store: Arc<dyn ObjectStore>) {
    let uploads = store.uploads();
    let state = uploads.begin("u", None).await.unwrap();
    let done = uploads
        .append("u", state, 0, incoming(b"abc", 3))
        .await
        .unwrap();
    uploads.abort("u", done.state.clone()).await.unwrap();
    uploads.abort("u", done.state.clone()).await.unwrap();
    assert!(uploads.finish("u", done.state, 3).await.is_err());
    assert!(store.head("u").await.is_err());
}

/// Two uploads at the same time keep to themselves.
pub async fn uploads_at_once_do_not_mix(store: Arc<dyn ObjectStore>) {
    let mut busy = tokio::task::JoinSet::new();
    for n in 0..6u64 {
        let store = store.clone();
        busy.spawn(async move {
            let key = format!("sources/{n}");
            let data = pattern(4_000_000, n);
            let state = store.uploads().begin(&key, None).await.unwrap();
            let done = store
                .uploads()
                .append(&key, state, 0, incoming(&data, 10_000))
                .await
                .unwrap();
            store
                .uploads()
                .finish(&key, done.state, done.offset)
                .await
                .unwrap();
            assert!(whole(&*store, &key).await == data, "{key} differs");
        });
    }
    busy.join_all().await;
}
