//! What single objects promise: whole or not at all, unchanged, replaced at once.

use super::{collect, pattern, whole};
use crate::{ObjectError, ObjectStore};
use bytes::Bytes;
use std::{path::Path, sync::Arc};

/// Bytes come back as they were stored.
pub async fn bytes_come_back(store: Arc<dyn ObjectStore>) {
    let data = pattern(300_000, 1);
    let meta = store.put_bytes("a/b/c.bin", data.clone().into()).await;
    let meta = meta.unwrap();
    assert_eq!((meta.key.as_str(), meta.bytes), ("a/b/c.bin", 300_000));
    assert_eq!(whole(&*store, "a/b/c.bin").await, data);
}

/// No bytes are an object too.
pub async fn an_empty_object_is_an_object(store: Arc<dyn ObjectStore>) {
    store.put_bytes("empty", Bytes::new()).await.unwrap();
    assert_eq!(store.head("empty").await.unwrap().bytes, 0);
    assert_eq!(whole(&*store, "empty").await, b"");
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("empty");
    store.fetch("empty", &to).await.unwrap();
    assert_eq!(std::fs::read(&to).unwrap(), b"");
}

/// A file comes back as it was stored.
pub async fn a_file_comes_back(store: Arc<dyn ObjectStore>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("made");
    let data = pattern(5_000_000, 2);
    std::fs::write(&file, &data).unwrap();
    let meta = store.put_file("work/made", &file).await.unwrap();
    assert_eq!(meta.bytes, 5_000_000);
    assert_eq!(whole(&*store, "work/made").await, data);
}

/// A fetched file is the object, can't be written by accident, and stays when the object goes.
pub async fn fetch_gives_a_file_that_outlives_the_object(store: Arc<dyn ObjectStore>) {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("source");
    let data = pattern(2_000_000, 3);
    store.put_bytes("s/one", data.clone().into()).await.unwrap();
    store.fetch("s/one", &to).await.unwrap();
    assert!(std::fs::metadata(&to).unwrap().permissions().readonly());
    store
        .put_bytes("s/one", Bytes::from_static(b"new"))
        .await
        .unwrap();
    store.delete("s/one").await.unwrap();
    assert_eq!(std::fs::read(&to).unwrap(), data);
}

/// Every way of asking says which object is missing.
pub async fn what_is_not_there_is_not_found(store: Arc<dyn ObjectStore>) {
    store.put_bytes("here/too", Bytes::new()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("x");
    // `here` is the beginning of a key, not a key.
    for key in ["nowhere", "here", "here/too/deep"] {
        let not_found = |e: ObjectError| {
            assert!(
                matches!(&e, ObjectError::NotFound { key: k } if k == key),
                "{e}"
            )
        };
        not_found(store.head(key).await.unwrap_err());
        not_found(store.fetch(key, &to).await.unwrap_err());
        not_found(store.read(key, 0..1).await.err().unwrap());
    }
    assert!(!to.exists(), "a failed fetch left a file");
}

/// Ranges of any place and length, the empty one included.
pub async fn any_range_can_be_read(store: Arc<dyn ObjectStore>) {
    let data = pattern(1_500_000, 4);
    store.put_bytes("r", data.clone().into()).await.unwrap();
    for range in [
        0..1,
        0..0,
        1_499_999..1_500_000,
        7..1_200_003,
        65_536..131_072,
    ] {
        let read = collect(store.read("r", range.clone()).await.unwrap()).await;
        assert_eq!(
            read,
            data[range.start as usize..range.end as usize],
            "{range:?}"
        );
    }
}

/// Writing a key again gives the new object.
pub async fn writing_again_replaces(store: Arc<dyn ObjectStore>) {
    store
        .put_bytes("k", pattern(9_000, 5).into())
        .await
        .unwrap();
    store
        .put_bytes("k", Bytes::from_static(b"short"))
        .await
        .unwrap();
    assert_eq!(whole(&*store, "k").await, b"short");
}

/// While a key is written again and again, a reader gets one version whole, never a mixture.
pub async fn a_reader_sees_one_version_whole(store: Arc<dyn ObjectStore>) {
    const BYTES: usize = 400_000;
    store.put_bytes("k", vec![0; BYTES].into()).await.unwrap();
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            for version in 1..=20u8 {
                store
                    .put_bytes("k", vec![version; BYTES].into())
                    .await
                    .unwrap();
            }
        }
    });
    while !writer.is_finished() {
        let read = collect(store.read("k", 0..BYTES as u64).await.unwrap()).await;
        assert_eq!(read.len(), BYTES);
        assert!(
            read.iter().all(|b| *b == read[0]),
            "two versions in one read"
        );
    }
    writer.await.unwrap();
}

/// Deleting what is not there is no error.
pub async fn deleting_twice_is_fine(store: Arc<dyn ObjectStore>) {
    store.put_bytes("a/b", Bytes::new()).await.unwrap();
    store.delete("a/b").await.unwrap();
    store.delete("a/b").await.unwrap();
    store.delete("a").await.unwrap();
    assert!(store.head("a/b").await.is_err());
    store.put_bytes("a/b", Bytes::new()).await.unwrap();
}

/// A key that could point outside is refused before anything is touched.
pub async fn bad_keys_are_refused_everywhere(store: Arc<dyn ObjectStore>) {
    let refused = |e: ObjectError| assert!(matches!(e, ObjectError::BadKey { .. }), "{e}");
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("x");
    for key in [
        "",
        "../up",
        "/etc/passwd",
        "a/../../b",
        "a//b",
        "a b",
        ".hidden/x",
    ] {
        refused(store.put_bytes(key, Bytes::new()).await.unwrap_err());
        refused(store.put_file(key, Path::new("nothing")).await.unwrap_err());
        refused(store.fetch(key, &to).await.unwrap_err());
        refused(store.read(key, 0..1).await.err().unwrap());
        refused(store.head(key).await.unwrap_err());
        refused(store.delete(key).await.unwrap_err());
        refused(store.uploads().begin(key, None).await.unwrap_err());
        refused(
            store
                .uploads()
                .abort(key, Default::default())
                .await
                .unwrap_err(),
        );
    }
    refused(store.list("../", None, 10).await.unwrap_err());
}

/// Objects with the same beginning are stored and deleted at once, and none gets in another's way.
pub async fn neighbours_come_and_go_at_once(store: Arc<dyn ObjectStore>) {
    let mut busy = tokio::task::JoinSet::new();
    for n in 0..8u8 {
        let store = store.clone();
        busy.spawn(async move {
            for _ in 0..20 {
                let key = format!("deep/er/{n}");
                store.put_bytes(&key, vec![n; 100].into()).await.unwrap();
                assert_eq!(whole(&*store, &key).await, [n; 100]);
                store.delete(&key).await.unwrap();
            }
        });
    }
    busy.join_all().await;
    assert!(store.list("", None, 10).await.unwrap().objects.is_empty());
}

/// A fresh store can be written.
pub async fn a_healthy_store_says_so(store: Arc<dyn ObjectStore>) {
    store.check().await.unwrap();
    assert!(store.list("", None, 10).await.unwrap().objects.is_empty());
}
