//! What is begun and not ended can be found and removed, and what is ended leaves nothing. A store that cleans up by itself
//! has nothing to find.

use super::{incoming, pattern, whole};
use crate::{ObjectStore, Unfinished};
use bytes::Bytes;
use std::sync::Arc;

const MIB: usize = 1024 * 1024;

async fn unfinished(store: &dyn ObjectStore, prefix: &str) -> Vec<Unfinished> {
    let all = store.unfinished(prefix).await.unwrap();
    assert!(all.iter().all(|u| u.key.starts_with(prefix)), "{all:?}");
    // By the store's clock, and this test is young.
    assert!(all.iter().all(|u| u.age_s < 3600), "{all:?}");
    all
}

/// Uploads that ended, either way, leave nothing.
pub async fn what_is_ended_leaves_nothing(store: Arc<dyn ObjectStore>) {
    let uploads = store.uploads();
    let data = pattern(9 * MIB, 1);
    for (key, length, bytes) in [
        ("u/empty", None, 0),
        ("u/small", None, 10),
        ("u/said", Some(10), 10),
        ("u/large", None, data.len()),
        ("u/large-said", Some(data.len() as u64), data.len()),
    ] {
        for finishes in [true, false] {
            let mut state = uploads.begin(key, length).await.unwrap();
            let mut offset = 0;
            for piece in [&data[..bytes / 2], &data[bytes / 2..bytes]] {
                let done = uploads.append(key, state, offset, incoming(piece, 1_000_000));
                let done = done.await.unwrap();
                (state, offset) = (done.state, done.offset);
            }
            match finishes {
                true => drop(uploads.finish(key, state, offset).await.unwrap()),
                false => uploads.abort(key, state).await.unwrap(),
            }
            assert_eq!(unfinished(&*store, "").await, [], "{key}, {finishes}");
            store.delete(key).await.unwrap();
        }
    }
}

/// What was left alone is found below its prefix and nowhere else, and can be removed, also twice.
pub async fn what_is_left_is_found_and_removed(store: Arc<dyn ObjectStore>) {
    let uploads = store.uploads();
    let data = pattern(9 * MIB, 2);
    for key in ["a/1", "a/2", "b/1"] {
        let state = uploads.begin(key, Some(10 * MIB as u64)).await.unwrap();
        let half = uploads.append(key, state, 0, incoming(&data, 1_000_000));
        half.await.unwrap();
    }
    let left = unfinished(&*store, "a/").await;
    assert_eq!(unfinished(&*store, "c/").await, []);
    assert_eq!(store.list("", None, 10).await.unwrap().objects, []);
    for what in left.iter().chain(&left) {
        store.discard(what).await.unwrap();
    }
    assert_eq!(unfinished(&*store, "a/").await, []);
    let others = unfinished(&*store, "").await;
    assert!(others.iter().all(|u| u.key == "b/1"));
    assert_eq!(others.is_empty(), left.is_empty(), "too much was removed");
}

/// What has become an object in the meantime stays.
pub async fn discarding_never_harms_an_object(store: Arc<dyn ObjectStore>) {
    let uploads = store.uploads();
    let data = pattern(9 * MIB, 3);
    let state = uploads.begin("u", None).await.unwrap();
    let done = uploads.append("u", state, 0, incoming(&data, 1_000_000));
    let done = done.await.unwrap();
    let seen = unfinished(&*store, "u").await;
    uploads.finish("u", done.state, done.offset).await.unwrap();
    for what in &seen {
        store.discard(what).await.unwrap();
    }
    assert!(whole(&*store, "u").await == data);
    store
        .put_bytes("v", Bytes::from_static(b"v"))
        .await
        .unwrap();
    for what in seen {
        let other = Unfinished {
            key: "v".into(),
            ..what
        };
        // Whatever it says to an id of another key.
        drop(store.discard(&other).await);
    }
    assert_eq!(whole(&*store, "v").await, b"v");
}
