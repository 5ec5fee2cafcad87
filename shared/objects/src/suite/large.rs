//! What holds for small objects and uploads holds for those that a store takes in several parts.

use super::{breaking, collect, incoming, pattern, whole};
use crate::ObjectStore;
use std::sync::Arc;

const MIB: usize = 1024 * 1024;

/// A large file comes back, as a stream and as a file, and any range of it.
pub async fn a_large_file_comes_back(store: Arc<dyn ObjectStore>) {
    let folder = tempfile::tempdir().unwrap();
    let (file, to) = (folder.path().join("made"), folder.path().join("fetched"));
    let data = pattern(37 * MIB + 11, 1);
    std::fs::write(&file, &data).unwrap();
    let meta = store.put_file("outputs/large", &file).await.unwrap();
    assert_eq!(meta.bytes, data.len() as u64);
    assert!(
        whole(&*store, "outputs/large").await == data,
        "read differs"
    );
    store.fetch("outputs/large", &to).await.unwrap();
    assert!(std::fs::read(&to).unwrap() == data, "fetched differs");
    for range in [
        8 * MIB - 1..8 * MIB + 1,
        16 * MIB..16 * MIB + 1,
        5 * MIB..33 * MIB,
        37 * MIB..data.len(),
    ] {
        let asked = range.start as u64..range.end as u64;
        let read = collect(store.read("outputs/large", asked).await.unwrap()).await;
        assert!(read == data[range.clone()], "{range:?} differs");
    }
}

/// An upload whose length was said comes out the same as one whose length was not.
pub async fn a_length_said_first_changes_nothing(store: Arc<dyn ObjectStore>) {
    let uploads = store.uploads();
    for bytes in [1, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 25 * MIB + 5] {
        let data = pattern(bytes, bytes as u64);
        for length in [None, Some(bytes as u64)] {
            let key = format!("u/{bytes}-{}", length.is_some());
            let mut state = uploads.begin(&key, length).await.unwrap();
            let mut offset = 0;
            for piece in [&data[..bytes / 3], &data[bytes / 3..]] {
                let done = uploads.append(&key, state, offset, incoming(piece, 100_000));
                let done = done.await.unwrap();
                (state, offset) = (done.state, done.offset);
            }
            let meta = uploads.finish(&key, state, offset).await.unwrap();
            assert_eq!(meta.bytes, bytes as u64);
            assert!(whole(&*store, &key).await == data, "{key} differs");
        }
    }
}

/// Breaks at places that suit no part, each followed by the rest.
pub async fn breaks_at_odd_places_lose_nothing(store: Arc<dyn ObjectStore>) {
    let data = pattern(26 * MIB, 3);
    let uploads = store.uploads();
    let mut state = uploads.begin("u", Some(data.len() as u64)).await.unwrap();
    let mut offset = 0;
    for cut in [
        1,
        8 * MIB - 1,
        8 * MIB,
        8 * MIB + 1,
        19 * MIB + 77,
        24 * MIB,
    ] {
        let more = breaking(&data[offset as usize..cut], 70_001);
        let done = uploads.append("u", state, offset, more).await.unwrap();
        assert!(done.broken.is_some());
        assert_eq!(
            done.offset, cut as u64,
            "everything before the break counts"
        );
        (state, offset) = (done.state, done.offset);
    }
    let rest = incoming(&data[offset as usize..], 70_001);
    let done = uploads.append("u", state, offset, rest).await.unwrap();
    uploads.finish("u", done.state, done.offset).await.unwrap();
    assert!(whole(&*store, "u").await == data, "the bytes differ");
}

/// Many appends of a few bytes each, across the end of a part.
pub async fn tiny_appends_add_up(store: Arc<dyn ObjectStore>) {
    let start = 8 * MIB - 40;
    let data = pattern(start + 200, 4);
    let uploads = store.uploads();
    let state = uploads.begin("u", None).await.unwrap();
    let first = uploads.append("u", state, 0, incoming(&data[..start], 1_000_000));
    let mut done = first.await.unwrap();
    let mut sizes = [1, 7, 3, 13].into_iter().cycle();
    while (done.offset as usize) < data.len() {
        let from = done.offset as usize;
        let to = data.len().min(from + sizes.next().unwrap());
        let more = incoming(&data[from..to], 2);
        done = uploads
            .append("u", done.state, done.offset, more)
            .await
            .unwrap();
        assert_eq!(done.offset as usize, to);
    }
    uploads.finish("u", done.state, done.offset).await.unwrap();
    assert!(whole(&*store, "u").await == data, "the bytes differ");
}

/// What a crashed caller forgot, or a wrong checksum takes back, may be several parts.
pub async fn several_parts_can_be_taken_back(store: Arc<dyn ObjectStore>) {
    let (good, bad) = (pattern(30 * MIB, 5), pattern(19 * MIB, 6));
    let (first, rest) = good.split_at(10 * MIB + 3);
    let uploads = store.uploads();
    let state = uploads.begin("u", Some(good.len() as u64)).await.unwrap();
    let kept = uploads.append("u", state, 0, incoming(first, 900_000));
    let kept = kept.await.unwrap();
    for is_crash in [true, false] {
        let wrong = incoming(&bad, 800_000);
        let wrong = uploads.append("u", kept.state.clone(), kept.offset, wrong);
        let wrong = wrong.await.unwrap();
        assert_eq!(wrong.offset as usize, first.len() + bad.len());
        if is_crash {
            // Before the new state was kept: the old one must still do.
            continue;
        }
        let back = uploads.truncate("u", wrong.state, kept.offset);
        let back = back.await.unwrap();
        let done = uploads.append("u", back, kept.offset, incoming(rest, 900_000));
        let done = done.await.unwrap();
        uploads.finish("u", done.state, done.offset).await.unwrap();
    }
    assert!(whole(&*store, "u").await == good, "the bytes differ");
}

/// The caller keeps the state with every piece, so it must stay small.
pub async fn a_state_is_small(store: Arc<dyn ObjectStore>) {
    let uploads = store.uploads();
    let mut done = crate::Appended {
        state: uploads.begin("u", None).await.unwrap(),
        offset: 0,
        broken: None,
    };
    for n in 0..40 {
        let more = incoming(&[n; 100], 100);
        done = uploads
            .append("u", done.state, done.offset, more)
            .await
            .unwrap();
        let bytes = done.state.to_string().len();
        assert!(bytes < 8_000, "{bytes} bytes after {n} appends");
    }
    uploads.abort("u", done.state).await.unwrap();
}
