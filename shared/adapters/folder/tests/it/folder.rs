//! What the folder store promises beyond its port: files where one expects them, nothing left behind.

use reelmill_folder::FolderStore;
use reelmill_objects::{ObjectError, ObjectStore, suite};
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// Every file and folder below `folder`, but for the store's own lock files.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(below(&path));
        }
        all.push(path);
    }
    all
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[tokio::test]
async fn an_object_is_a_read_only_file_at_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open(folder.path()).unwrap();
    store.put_bytes("a/b", "data".into()).await.unwrap();
    let path = folder.path().join("a/b");
    assert_eq!(fs::read(&path).unwrap(), b"data");
    assert_eq!(
        fs::metadata(path).unwrap().permissions().mode() & 0o777,
        0o444
    );
}

#[tokio::test]
async fn putting_and_fetching_on_one_file_system_copies_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open(&folder.path().join("store")).unwrap();
    let made = folder.path().join("made");
    fs::write(&made, "data").unwrap();
    let inode = fs::metadata(&made).unwrap().ino();
    store.put_file("a/b", &made).await.unwrap();
    let fetched = folder.path().join("fetched");
    store.fetch("a/b", &fetched).await.unwrap();
    assert_eq!(fs::metadata(fetched).unwrap().ino(), inode);
}

#[tokio::test]
async fn a_file_from_another_file_system_is_copied() {
    // Shared memory is a file system of its own on every Linux.
    let elsewhere = tempfile::tempdir_in("/dev/shm").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let here = fs::metadata(folder.path()).unwrap().dev();
    assert_ne!(fs::metadata(elsewhere.path()).unwrap().dev(), here);

    let store = FolderStore::open(folder.path()).unwrap();
    let data = suite::pattern(3_000_000, 1);
    let made = elsewhere.path().join("made");
    fs::write(&made, &data).unwrap();
    store.put_file("a/b", &made).await.unwrap();
    assert!(suite::whole(&*store, "a/b").await == data);
    let fetched = elsewhere.path().join("fetched");
    store.fetch("a/b", &fetched).await.unwrap();
    assert!(fs::read(&fetched).unwrap() == data);
    assert!(fs::metadata(&fetched).unwrap().permissions().readonly());
}

#[tokio::test]
async fn deleting_leaves_no_empty_folders() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open(folder.path()).unwrap();
    store.put_bytes("a/b/c/d", "1".into()).await.unwrap();
    store.put_bytes("a/e", "2".into()).await.unwrap();
    store.delete("a/b/c/d").await.unwrap();
    assert_eq!(names(&folder.path().join("a")), ["e"]);
    store.delete("a/e").await.unwrap();
    assert!(!folder.path().join("a").exists());

    let uploads = store.uploads();
    let state = uploads.begin("x/y/u", None).await.unwrap();
    let data = suite::incoming(b"data", 4);
    let half = uploads.append("x/y/u", state, 0, data).await.unwrap();
    uploads.abort("x/y/u", half.state).await.unwrap();
    assert!(names(&folder.path().join(".uploads")).is_empty());
}

#[tokio::test]
async fn what_a_dead_process_left_goes_and_what_a_live_one_writes_stays() {
    let folder = tempfile::tempdir().unwrap();
    let alive = FolderStore::open(folder.path()).unwrap();
    let dead = folder
        .path()
        .join(".tmp/0192f3a0-0000-7000-8000-000000000000");
    fs::create_dir(&dead).unwrap();
    fs::write(dead.join("lock"), "").unwrap();
    fs::write(dead.join("half"), "half").unwrap();
    let state = alive.uploads().begin("u", None).await.unwrap();
    let kept = alive
        .uploads()
        .append("u", state, 0, suite::incoming(b"kept", 4))
        .await
        .unwrap();

    let other = FolderStore::open(folder.path()).unwrap();
    assert!(!dead.exists());
    alive.put_bytes("a", "still works".into()).await.unwrap();
    other.uploads().finish("u", kept.state, 4).await.unwrap();
    drop((alive, other));
    let left = below(&folder.path().join(".tmp"));
    assert_eq!(left, [folder.path().join(".tmp/lock")]);
}

#[tokio::test]
async fn a_failed_put_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open(folder.path()).unwrap();
    store.put_bytes("a", "in the way".into()).await.unwrap();
    let refused = store.put_bytes("a/b", "below a file".into()).await;
    assert!(
        matches!(refused, Err(ObjectError::Failed { .. })),
        "{refused:?}"
    );
    let missing = store.put_file("c", &folder.path().join("nothing")).await;
    assert!(
        matches!(missing, Err(ObjectError::Failed { .. })),
        "{missing:?}"
    );
    let left = below(&folder.path().join(".tmp"));
    assert!(
        left.iter().all(|p| p.is_dir() || p.ends_with("lock")),
        "{left:?}"
    );
}

#[tokio::test]
async fn an_upload_can_be_finished_by_another_process_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open(folder.path()).unwrap();
    let state = store.uploads().begin("u", None).await.unwrap();
    let done = store
        .uploads()
        .append("u", state, 0, suite::incoming(b"abc", 1))
        .await
        .unwrap();
    // The crash came after the file was made read-only and before it was renamed.
    let [file] = &below(&folder.path().join(".uploads"))[..] else {
        panic!("one file, and no more");
    };
    fs::set_permissions(file, fs::Permissions::from_mode(0o444)).unwrap();
    drop(store);
    let store = FolderStore::open(folder.path()).unwrap();
    store.uploads().finish("u", done.state, 3).await.unwrap();
    assert_eq!(suite::whole(&*store, "u").await, b"abc");
}

#[test]
fn a_folder_that_cannot_be_made_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let refused = FolderStore::open(&file.join("store")).err().unwrap();
    assert!(refused.to_string().contains("file/store"), "{refused}");
}

#[tokio::test]
async fn an_upload_that_was_only_begun_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open(folder.path()).unwrap();
    // Then the process dies, before its caller has written down that there is one.
    store.uploads().begin("sources/1", None).await.unwrap();
    assert!(!folder.path().join(".uploads").exists());
    assert!(store.uploads().begin("../1", None).await.is_err());
}
