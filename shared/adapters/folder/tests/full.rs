//! What the folder store does when nothing more can be written. Alone in its process, because it limits the process: a
//! limit on the size of files stands in for a full disk, which can't be had without being root.
#![allow(clippy::unwrap_used, reason = "a test speaks by panicking")]

use reelmill_folder::FolderStore;
use reelmill_objects::{ObjectError, ObjectStore, suite};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

const MIB: usize = 1024 * 1024;

fn limit_files(bytes: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    let current = bytes.or(maximum);
    setrlimit(Resource::Fsize, Rlimit { current, maximum }).unwrap();
}

fn is_full(error: &ObjectError) -> bool {
    matches!(error, ObjectError::Full { .. })
}

#[tokio::test]
async fn a_full_store_says_so_keeps_what_was_acknowledged_and_works_again_with_room() {
    // Handled, so that going over the limit is an error and not the end.
    let _over_limit = signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open(folder.path()).unwrap();
    let uploads = store.uploads();
    let data = suite::pattern(9 * MIB, 1);
    let state = uploads.begin("u", None).await.unwrap();
    let kept = uploads
        .append("u", state, 0, suite::incoming(&data[..MIB], 10_000))
        .await
        .unwrap();

    limit_files(Some(4 * MIB as u64));
    let put = store.put_bytes("a", vec![1; 5 * MIB].into()).await;
    assert!(is_full(&put.unwrap_err()));
    assert!(store.head("a").await.is_err(), "a part of it is visible");
    let rest = suite::incoming(&data[MIB..], 10_000);
    let append = uploads.append("u", kept.state.clone(), kept.offset, rest);
    assert!(is_full(&append.await.unwrap_err()));
    let lengths = std::fs::read_dir(folder.path().join(".uploads"))
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len());
    let lengths: Vec<_> = lengths.collect();
    assert_eq!(lengths, [kept.offset], "it keeps the room that others need");

    limit_files(None);
    store.put_bytes("a", vec![1; 5 * MIB].into()).await.unwrap();
    let rest = suite::incoming(&data[MIB..], 10_000);
    let done = uploads
        .append("u", kept.state, kept.offset, rest)
        .await
        .unwrap();
    uploads
        .finish("u", done.state, data.len() as u64)
        .await
        .unwrap();
    assert!(suite::whole(&*store, "u").await == data, "the bytes differ");
}
