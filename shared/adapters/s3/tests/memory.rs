//! Memory stays within the budget, whatever comes, and however slow the store is. Alone in its process, because it measures
//! the process.
#![allow(clippy::unwrap_used, reason = "a test speaks by panicking")]

#[path = "it/common/mod.rs"]
mod common;

use bytes::Bytes;
use common::Place;
use futures::{StreamExt, stream};
use reelmill_faults::{Fault, Rule};
use reelmill_objects::{ByteStream, ObjectStore, suite};
use reelmill_s3::S3Store;
use std::sync::Arc;

const MIB: u64 = 1024 * 1024;
const BUDGET: u64 = 32 * MIB;

/// The memory of this process, and the most it had, in bytes.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with(name)).unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        * 1024
}

fn data(mib: u64) -> ByteStream {
    let chunk = Bytes::from(vec![7; MIB as usize / 8]);
    // Each chunk is a copy, as what comes from a network is.
    stream::iter((0..mib * 8).map(move |_| Ok(Bytes::copy_from_slice(&chunk)))).boxed()
}

async fn upload(store: &S3Store, key: &str, mib: u64) {
    let state = store.uploads().begin(key, Some(mib * MIB)).await.unwrap();
    let done = store
        .uploads()
        .append(key, state, 0, data(mib))
        .await
        .unwrap();
    assert_eq!(done.offset, mib * MIB);
    store.uploads().abort(key, done.state).await.unwrap();
}

/// The most that the process grew while `work` was done.
async fn growth(work: impl Future<Output = ()>) -> u64 {
    // The highest mark starts anew from here.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = memory("VmRSS:");
    work.await;
    memory("VmHWM:").saturating_sub(before)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_stays_within_the_budget() {
    let (mut place, proxy) = Place::make_broken("REELMILL_TEST_SWIFT_S3").await;
    place.config.memory_bytes = BUDGET;
    let store = place.store().await;
    let place = place.behind();
    upload(&store, "warm", 24).await;

    let grown = growth(upload(&store, "one", 256)).await;
    eprintln!("one upload of 256 MiB: {} KiB", grown / 1024);
    assert!(grown <= BUDGET + 16 * MIB, "one upload: {grown}");

    // A store that takes 8 MiB/s of each part; 16 uploads at once that would all come faster.
    let slow = proxy.add(
        Rule::new(Fault::Slow {
            bytes_per_s: 8 * MIB,
        })
        .target("partNumber="),
    );
    let many = async {
        let mut busy = tokio::task::JoinSet::new();
        for n in 0..16 {
            let store: Arc<S3Store> = store.clone();
            busy.spawn(async move { upload(&store, &format!("many/{n}"), 20).await });
        }
        busy.join_all().await;
    };
    let grown = growth(many).await;
    eprintln!("16 uploads of 20 MiB to a slow store: {} KiB", grown / 1024);
    assert!(slow.count() >= 16 * 2, "{}", slow.count());
    // Of the 320 MiB that came at once. The rest is buffers of 16 connections and what the allocator keeps for each thread.
    assert!(grown <= BUDGET + 40 * MIB, "16 uploads: {grown}");
    proxy.clear();

    let (file, to) = (
        place.folder.path().join("made"),
        place.folder.path().join("to"),
    );
    let bytes = suite::pattern(160 * MIB as usize, 1);
    std::fs::write(&file, &bytes).unwrap();
    drop(bytes);
    let grown = growth(async { drop(store.put_file("f", &file).await.unwrap()) }).await;
    eprintln!("a file of 160 MiB up: {} KiB", grown / 1024);
    assert!(grown <= BUDGET, "put_file: {grown}");
    let grown = growth(async { store.fetch("f", &to).await.unwrap() }).await;
    eprintln!("and down: {} KiB", grown / 1024);
    assert!(grown <= BUDGET, "fetch: {grown}");
    let left = std::fs::read_dir(&place.config.spool).unwrap().count();
    assert_eq!(left, 0, "files in the spool have no names");
}
