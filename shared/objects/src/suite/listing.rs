//! What listings promise: every object under the prefix, sorted by key, page by page.

use super::incoming;
use crate::ObjectStore;
use bytes::Bytes;
use std::sync::Arc;

/// `-` and `.` sort before `/`, which a walk through folders easily gets wrong.
const KEYS: [&str; 9] = [
    "a-1", "a.1", "a/1", "a/2/x", "a/2.y", "ab", "b/-/z", "b/0", "c",
];

async fn filled(store: Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore> {
    for key in KEYS {
        store
            .put_bytes(key, Bytes::copy_from_slice(key.as_bytes()))
            .await
            .unwrap();
    }
    store
}

async fn keys(store: &dyn ObjectStore, prefix: &str, limit: usize) -> Vec<String> {
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let page = store.list(prefix, cursor.as_deref(), limit).await.unwrap();
        assert!(page.objects.len() <= limit);
        for object in page.objects {
            assert_eq!(object.bytes as usize, object.key.len());
            all.push(object.key);
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return all,
        }
    }
}

/// Everything, in the order of the keys' bytes, whatever the size of the pages.
pub async fn a_listing_is_sorted_and_complete(store: Arc<dyn ObjectStore>) {
    let store = filled(store).await;
    let mut expected = KEYS.map(String::from);
    expected.sort();
    for limit in [1, 2, 3, 8, 9, 10, 1000] {
        assert_eq!(keys(&*store, "", limit).await, expected, "limit {limit}");
    }
}

/// A prefix is the beginning of a key, not a folder.
pub async fn a_listing_keeps_to_its_prefix(store: Arc<dyn ObjectStore>) {
    let store = filled(store).await;
    for prefix in ["a", "a/", "a/2", "a/2/", "b", "b/-", "c", "d", "a/3/"] {
        let mut expected: Vec<&str> = KEYS.into_iter().filter(|k| k.starts_with(prefix)).collect();
        expected.sort_unstable();
        assert_eq!(keys(&*store, prefix, 2).await, expected, "prefix {prefix}");
    }
}

/// What is deleted between two pages neither stops the listing nor repeats anything.
pub async fn a_listing_goes_on_where_it_stopped(store: Arc<dyn ObjectStore>) {
    let store = filled(store).await;
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = store.list("", cursor.as_deref(), 2).await.unwrap();
        for object in page.objects {
            store.delete(&object.key).await.unwrap();
            seen.push(object.key);
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let mut expected = KEYS.map(String::from);
    expected.sort();
    assert_eq!(seen, expected);
    assert!(keys(&*store, "", 10).await.is_empty());
}

/// An unfinished upload is no object.
pub async fn uploads_are_not_listed(store: Arc<dyn ObjectStore>) {
    let state = store.uploads().begin("sources/u", None).await.unwrap();
    store
        .uploads()
        .append("sources/u", state, 0, incoming(b"half", 2))
        .await
        .unwrap();
    assert!(keys(&*store, "", 10).await.is_empty());
}
