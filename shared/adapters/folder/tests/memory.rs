//! An upload's memory is flat whatever its length. Alone in its process, because it measures the process.
#![allow(clippy::unwrap_used, reason = "a test speaks by panicking")]

use bytes::Bytes;
use futures::{StreamExt, stream};
use reelmill_folder::FolderStore;
use reelmill_objects::ObjectStore;

const MIB: u64 = 1024 * 1024;

/// The most memory this process has had, in bytes.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1024
}

#[tokio::test]
async fn a_long_upload_takes_no_more_memory_than_a_short_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open(folder.path()).unwrap();
    let upload = async |key: &str, mib: u64| {
        let chunks = stream::iter(0..mib * 16)
            .map(|n| Ok(Bytes::from(vec![n as u8; MIB as usize / 16])))
            .boxed();
        let state = store.uploads().begin(key, None).await.unwrap();
        let done = store.uploads().append(key, state, 0, chunks).await.unwrap();
        assert_eq!(done.offset, mib * MIB);
        store.uploads().abort(key, done.state).await.unwrap();
    };
    upload("short", 8).await;
    let before = peak_memory();
    upload("long", 256).await;
    let grown = peak_memory() - before;
    assert!(grown <= 8 * MIB, "grew by {grown} bytes");
}
