//! What an upload promises when it breaks off, is cut off, or goes wrong.

use super::{breaking, incoming, pattern, whole};
use crate::{ObjectError, ObjectStore};
use bytes::Bytes;
use futures::{StreamExt, stream};
use std::{sync::Arc, time::Duration};

/// What came before the break counts, and the upload goes on behind it.
pub async fn an_upload_goes_on_after_a_break(store: Arc<dyn ObjectStore>) {
    let data = pattern(6_000_000, 1);
    let uploads = store.uploads();
    let state = uploads.begin("u", None).await.unwrap();
    let cut = 2_500_001;
    let done = uploads
        .append("u", state, 0, breaking(&data[..cut], 10_000))
        .await
        .unwrap();
    assert!(
        matches!(done.broken, Some(ObjectError::Incoming { .. })),
        "{:?}",
        done.broken
    );
    let kept = done.offset as usize;
    assert!(kept <= cut, "more than came");
    assert_eq!(kept, cut, "everything before the break counts");
    let done = uploads
        .append(
            "u",
            done.state,
            done.offset,
            incoming(&data[kept..], 10_000),
        )
        .await
        .unwrap();
    assert!(done.broken.is_none());
    uploads.finish("u", done.state, done.offset).await.unwrap();
    assert!(whole(&*store, "u").await == data, "the bytes differ");
}

/// A caller that forgot the last piece (it crashed before writing the offset down) sends it again.
pub async fn an_append_overwrites_what_lies_beyond(store: Arc<dyn ObjectStore>) {
    let uploads = store.uploads();
    let state = uploads.begin("u", None).await.unwrap();
    let first = uploads
        .append("u", state, 0, incoming(b"right", 5))
        .await
        .unwrap();
    uploads
        .append("u", first.state.clone(), 5, incoming(b"forgotten", 3))
        .await
        .unwrap();
    let done = uploads
        .append("u", first.state, first.offset, incoming(b" way", 2))
        .await
        .unwrap();
    assert_eq!(done.offset, 9);
    uploads.finish("u", done.state, 9).await.unwrap();
    assert_eq!(whole(&*store, "u").await, b"right way");
}

/// A request that is dropped in the middle writes nothing any more once the next append has begun.
pub async fn a_dropped_append_harms_nothing(store: Arc<dyn ObjectStore>) {
    let uploads = store.uploads();
    let data = pattern(9_000_000, 3);
    let state = uploads.begin("u", None).await.unwrap();
    let mut last = state.clone();
    for _ in 0..10 {
        let wrong = Bytes::from(vec![0xee; 3_000_000]);
        let hangs = stream::iter([Ok(wrong.clone()), Ok(wrong)])
            .chain(stream::pending())
            .boxed();
        let cut = uploads.append("u", state.clone(), 0, hangs);
        let cut = tokio::time::timeout(Duration::from_millis(5), cut).await;
        assert!(cut.is_err(), "it can't have ended");
        let done = uploads
            .append("u", state.clone(), 0, incoming(&data, 1_000_000))
            .await
            .unwrap();
        assert_eq!(done.offset, data.len() as u64);
        last = done.state;
    }
    uploads.finish("u", last, data.len() as u64).await.unwrap();
    assert!(
        whole(&*store, "u").await == data,
        "the dropped append wrote"
    );
}

/// A piece whose checksum was wrong is taken back, and another put in its place.
pub async fn a_piece_can_be_taken_back(store: Arc<dyn ObjectStore>) {
    let uploads = store.uploads();
    let state = uploads.begin("u", None).await.unwrap();
    let good = uploads
        .append("u", state, 0, incoming(b"good", 4))
        .await
        .unwrap();
    let bad = uploads
        .append("u", good.state, 4, incoming(b"BAD", 3))
        .await
        .unwrap();
    let state = uploads.truncate("u", bad.state, 4).await.unwrap();
    assert!(
        uploads.finish("u", state.clone(), 7).await.is_err(),
        "what was taken back still counts"
    );
    let done = uploads
        .append("u", state, 4, incoming(b" end", 4))
        .await
        .unwrap();
    uploads.finish("u", done.state, 8).await.unwrap();
    assert_eq!(whole(&*store, "u").await, b"good end");
}

/// A hole is never made.
pub async fn an_offset_that_is_not_there_is_refused(store: Arc<dyn ObjectStore>) {
    let uploads = store.uploads();
    let state = uploads.begin("u", None).await.unwrap();
    let done = uploads
        .append("u", state, 0, incoming(b"abc", 3))
        .await
        .unwrap();
    let beyond = uploads
        .append("u", done.state.clone(), 5, incoming(b"x", 1))
        .await;
    assert!(beyond.is_err());
    assert!(uploads.truncate("u", done.state, 9).await.is_err());
}

/// A process died between finishing an upload and writing it down, and its client goes on: the object stays, and
/// finishing again finds it.
pub async fn an_append_to_a_finished_upload_harms_nothing(store: Arc<dyn ObjectStore>) {
    let uploads = store.uploads();
    let state = uploads.begin("u", None).await.unwrap();
    let done = uploads
        .append("u", state, 0, incoming(b"whole", 5))
        .await
        .unwrap();
    let state = done.state;
    uploads.finish("u", state.clone(), 5).await.unwrap();
    for more in [&b""[..], b"more"] {
        let late = uploads
            .append("u", state.clone(), 5, incoming(more, 4))
            .await;
        assert!(late.is_err(), "it is finished");
        uploads.finish("u", state.clone(), 5).await.unwrap();
        assert_eq!(whole(&*store, "u").await, b"whole");
    }
}
