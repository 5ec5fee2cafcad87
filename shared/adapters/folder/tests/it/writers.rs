//! Two writers of one upload, as when a process stood still and another took over its lock: the one that lost it harms
//! nothing, wherever it stood still, and leaves nothing. And a crash at any point leaves a state that is good.

use futures::StreamExt;
use reelmill_folder::FolderStore;
use reelmill_objects::{ByteStream, ObjectStore, Unfinished, suite};
use serde_json::Value;
use std::{
    fs::{self, File},
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use tokio::sync::mpsc;

const MIB: usize = 1024 * 1024;

/// Two processes' stores in one folder.
fn two() -> (Arc<FolderStore>, Arc<FolderStore>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let open = || FolderStore::open(folder.path()).unwrap();
    (open(), open(), folder)
}

/// Twice the same store, of a process that is alone.
fn one() -> (Arc<FolderStore>, Arc<FolderStore>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open_alone(folder.path()).unwrap();
    (store.clone(), store, folder)
}

async fn append(store: &FolderStore, state: &Value, from: usize, data: &[u8]) -> Value {
    let data_in = suite::incoming(data, 300_000);
    let done = store
        .uploads()
        .append("a/u", state.clone(), from as u64, data_in);
    let done = done.await.unwrap();
    assert_eq!(done.offset as usize, from + data.len());
    done.state
}

/// Files of unfinished uploads.
fn files(folder: &Path) -> usize {
    fs::read_dir(folder.join(".uploads/a")).map_or(0, Iterator::count)
}

/// Data that comes when the test says so.
fn slow() -> (mpsc::Sender<Vec<u8>>, ByteStream) {
    let (send, take) = mpsc::channel(1);
    let data = futures::stream::unfold(take, |mut take: mpsc::Receiver<Vec<u8>>| async {
        let next = take.recv().await?;
        Some((Ok(next.into()), take))
    });
    (send, data.boxed())
}

/// It stood still before it opened the file: it opens it when the winner's bytes are there, or the whole is finished.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_lost_its_lock_before_it_began_harms_nothing() {
    for (winner, loser, folder) in [two(), one()] {
        lost_before_it_began(&winner, &loser, folder.path()).await;
    }
}

async fn lost_before_it_began(winner: &FolderStore, loser: &FolderStore, folder: &Path) {
    let (good, bad) = (suite::pattern(12 * MIB, 1), suite::pattern(12 * MIB, 2));
    let begun = winner.uploads().begin("a/u", None).await.unwrap();
    let start = append(winner, &begun, 0, &good[..3 * MIB]).await;
    let won = append(winner, &start, 3 * MIB, &good[3 * MIB..8 * MIB]).await;
    append(loser, &start, 3 * MIB, &bad[3 * MIB..]).await;
    append(loser, &begun, 0, &bad).await;
    // It takes back what it wrote, too.
    let lost = append(loser, &start, 3 * MIB, &bad[3 * MIB..4 * MIB]).await;
    loser
        .uploads()
        .truncate("a/u", lost, 3 * MIB as u64)
        .await
        .unwrap();
    loser
        .uploads()
        .truncate("a/u", start.clone(), MIB as u64)
        .await
        .unwrap();
    let won = append(winner, &won, 8 * MIB, &good[8 * MIB..]).await;
    winner
        .uploads()
        .finish("a/u", won, good.len() as u64)
        .await
        .unwrap();
    assert!(
        suite::whole(winner, "a/u").await == good,
        "the bytes differ"
    );
    for (state, from) in [(&start, 3 * MIB), (&begun, 0)] {
        let late = suite::incoming(&bad[from..], 300_000);
        let late = loser
            .uploads()
            .append("a/u", state.clone(), from as u64, late);
        assert!(late.await.is_err(), "it is finished");
    }
    assert!(
        suite::whole(winner, "a/u").await == good,
        "the bytes differ"
    );
    assert_eq!(files(folder), 0, "the loser's files stay");
}

/// It stood still while it wrote: it holds the file, and goes on when the winner has finished.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_stands_still_keeps_nobody_from_going_on() {
    for (winner, loser, folder) in [two(), one()] {
        stood_still(&winner, &loser, folder.path()).await;
    }
}

async fn stood_still(winner: &FolderStore, loser: &Arc<FolderStore>, folder: &Path) {
    let (good, bad) = (suite::pattern(9 * MIB, 1), suite::pattern(9 * MIB, 2));
    let begun = winner.uploads().begin("a/u", None).await.unwrap();
    let start = append(winner, &begun, 0, &good[..2 * MIB]).await;
    let (send, data) = slow();
    let late = tokio::spawn({
        let (loser, start) = (loser.clone(), start.clone());
        async move {
            let uploads = loser.uploads();
            uploads.append("a/u", start, 2 * MIB as u64, data).await
        }
    });
    send.send(bad[2 * MIB..5 * MIB].to_vec()).await.unwrap();
    // Its bytes are in the file: it holds it.
    let held = async {
        while !written_beyond(folder, 2 * MIB as u64) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), held)
        .await
        .unwrap();

    let takeover = append(winner, &start, 2 * MIB, &good[2 * MIB..]);
    let won = tokio::time::timeout(Duration::from_secs(60), takeover);
    let won = won.await.unwrap();
    winner
        .uploads()
        .finish("a/u", won, good.len() as u64)
        .await
        .unwrap();
    send.send(bad[5 * MIB..].to_vec()).await.unwrap();
    drop(send);
    // What it says is its own affair: nobody writes it down.
    drop(late.await.unwrap());
    assert!(
        suite::whole(winner, "a/u").await == good,
        "the bytes differ"
    );
    assert_eq!(files(folder), 0, "the loser's files stay");
}

fn written_beyond(folder: &Path, bytes: u64) -> bool {
    let files = fs::read_dir(folder.join(".uploads/a")).unwrap();
    files
        .into_iter()
        .any(|file| file.unwrap().metadata().unwrap().len() > bytes)
}

/// Whoever writes into a copy that nobody wrote down leaves it: the sweeper finds it, and the object's own file not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_loser_leaves_behind_the_end_is_found() {
    let (winner, loser, folder) = two();
    let data = suite::pattern(3 * MIB, 1);
    let begun = winner.uploads().begin("a/u", None).await.unwrap();
    let won = append(&winner, &begun, 0, &data).await;
    let (send, late) = slow();
    let late = tokio::spawn({
        let (loser, begun) = (loser.clone(), begun.clone());
        async move { loser.uploads().append("a/u", begun, 0, late).await }
    });
    let opened = async {
        while files(folder.path()) < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), opened)
        .await
        .unwrap();
    let found = winner.unfinished("a/").await.unwrap();
    assert_eq!(found.len(), 2);
    let of_loser = |what: &&Unfinished| !won["file"].as_str().unwrap().contains(&what.id);
    let of_loser = found.iter().find(of_loser).unwrap();
    assert!(
        !winner.discard(of_loser).await.unwrap(),
        "it is being written"
    );
    send.send(data.clone()).await.unwrap();
    drop(send);
    late.await.unwrap().unwrap();
    assert!(winner.discard(of_loser).await.unwrap());
    assert!(!winner.discard(of_loser).await.unwrap(), "it is gone");
    winner
        .uploads()
        .finish("a/u", won, data.len() as u64)
        .await
        .unwrap();
    assert_eq!(winner.unfinished("").await.unwrap(), []);
    assert!(suite::whole(&*winner, "a/u").await == data);
}

/// Appends, breaks, take-backs and crashes, by chance: whatever state was kept last is good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_any_point_leaves_a_good_state() {
    for seed in 1..=12u64 {
        let alone = seed > 8;
        let (mut one, mut other, folder) = if alone { one() } else { two() };
        let chance = suite::pattern(8_000, seed);
        let mut chance = chance
            .chunks(4)
            .map(|c| u32::from_le_bytes(c.try_into().unwrap()) as usize);
        let good = suite::pattern(4 * MIB, seed);
        let mut state = one.uploads().begin("a/u", None).await.unwrap();
        let mut offset = 0;
        while offset < good.len() {
            let store = if chance.next().unwrap() % 2 == 0 {
                &one
            } else {
                &other
            };
            let many = [1, 1000, MIB][chance.next().unwrap() % 3] + chance.next().unwrap() % 999;
            let end = good.len().min(offset + many);
            match chance.next().unwrap() % 4 {
                0 => {
                    // Other bytes come, and the process dies before it has kept the state.
                    append(store, &state, offset, &vec![0; end - offset]).await;
                    if alone {
                        one = FolderStore::open_alone(folder.path()).unwrap();
                        other = one.clone();
                    }
                }
                1 => {
                    let wrong = append(store, &state, offset, &vec![0; end - offset]).await;
                    let back = store.uploads().truncate("a/u", wrong, offset as u64);
                    state = back.await.unwrap();
                }
                _ => {
                    state = append(store, &state, offset, &good[offset..end]).await;
                    offset = end;
                }
            }
        }
        for _ in 0..2 {
            let done = one.uploads().finish("a/u", state.clone(), offset as u64);
            assert_eq!(done.await.unwrap().bytes as usize, good.len());
        }
        assert!(suite::whole(&*one, "a/u").await == good, "seed {seed}");
        assert_eq!(files(folder.path()), 0, "seed {seed}");
    }
}

/// A crash leaves bytes that nobody has written down. Who is alone goes on in the same file, however long it is: without
/// reading it again, and without room for a second one.
#[tokio::test]
async fn who_is_alone_goes_on_after_a_crash_without_a_copy() {
    const LONG: u64 = 64 << 30;
    let folder = tempfile::tempdir().unwrap();
    let dead = FolderStore::open_alone(folder.path()).unwrap();
    let begun = dead.uploads().begin("a/u", None).await.unwrap();
    let state = append(&dead, &begun, 0, &suite::pattern(MIB, 1)).await;
    let file = only_file(folder.path());
    // All but the first bytes and the last are a hole, so that the test needs no room itself.
    let grown = File::options().write(true).open(&file).unwrap();
    grown.set_len(LONG).unwrap();
    grown
        .write_all_at(b"nobody knows", LONG + MIB as u64)
        .unwrap();
    let inode = grown.metadata().unwrap().ino();
    drop((dead, grown));

    let alive = FolderStore::open_alone(folder.path()).unwrap();
    let state = append(&alive, &state, LONG as usize, b"the end").await;
    let after = fs::metadata(only_file(folder.path())).unwrap();
    assert_eq!((after.ino(), after.len()), (inode, LONG + 7));
    assert!(
        after.blocks() * 512 < 8 * MIB as u64,
        "it was written anew: {after:?}"
    );
    let done = alive.uploads().finish("a/u", state, LONG + 7);
    assert_eq!(done.await.unwrap().bytes, LONG + 7);
    assert_eq!(
        fs::metadata(folder.path().join("a/u")).unwrap().ino(),
        inode
    );
}

/// The only file of unfinished uploads.
fn only_file(folder: &Path) -> PathBuf {
    let all: Vec<_> = fs::read_dir(folder.join(".uploads/a")).unwrap().collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].as_ref().unwrap().path()
}

/// An upload that an earlier version began, whose state named no file, goes on.
#[tokio::test]
async fn an_upload_of_an_earlier_version_goes_on() {
    let (store, _, folder) = two();
    fs::create_dir_all(folder.path().join(".uploads/a")).unwrap();
    fs::write(folder.path().join(".uploads/a/u"), "half").unwrap();
    let state = append(&store, &serde_json::json!({}), 4, b" whole").await;
    store.uploads().finish("a/u", state, 10).await.unwrap();
    assert_eq!(suite::whole(&*store, "a/u").await, b"half whole");
}
