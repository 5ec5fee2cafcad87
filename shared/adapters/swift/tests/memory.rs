//! Memory is flat whatever the length. Alone in its process, because it measures the process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test speaks by panicking"
)]

#[path = "it/support/mod.rs"]
mod support;

use bytes::Bytes;
use futures::{StreamExt, stream};
use reelmill_objects::ObjectStore;
use support::{Fresh, MIB};

/// The most memory this process has had, in bytes.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1024
}

#[tokio::test]
async fn long_uploads_files_and_fetches_take_no_more_memory_than_short_ones() {
    let fresh = Fresh::new(|config| {
        config.memory_bytes = 4 * MIB;
        config.segment_bytes = 16 * MIB;
    });
    let store = fresh.open();
    let round = async |key: &str, mib: u64| {
        let chunks = stream::iter(0..mib * 16)
            .map(|n| Ok(Bytes::from(vec![n as u8; MIB as usize / 16])))
            .boxed();
        let state = store.uploads().begin(key, None).await.unwrap();
        let done = store.uploads().append(key, state, 0, chunks).await.unwrap();
        assert_eq!(done.offset, mib * MIB);
        store
            .uploads()
            .finish(key, done.state, mib * MIB)
            .await
            .unwrap();
        let to = fresh.folder.path().join(key);
        store.fetch(key, &to).await.unwrap();
        store.put_file(&format!("{key}-again"), &to).await.unwrap();
    };
    round("short", 8).await;
    let before = peak_memory();
    round("long", 96).await;
    let grown = peak_memory() - before;
    assert!(grown <= 12 * MIB, "grew by {grown} bytes");
}
