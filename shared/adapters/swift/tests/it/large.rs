//! Large objects: segments, manifests, manifests of manifests; what expires and what never does.

use crate::support::{Fresh, MIB, Raw};
use reelmill_objects::{
    ObjectStore,
    suite::{incoming, pattern, whole},
};
use reqwest::Method;
use std::time::{Duration, Instant};

/// When Swift will remove an object, in seconds since 1970.
async fn delete_at(raw: &Raw, name: &str) -> Option<u64> {
    let head = raw.ask(Method::HEAD, name).await;
    assert!(head.status().is_success(), "{name}: {}", head.status());
    let at = head.headers().get("X-Delete-At")?;
    Some(at.to_str().unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_file_becomes_segments_that_read_as_one_and_go_as_one() {
    let fresh = Fresh::new(|_| {});
    let (store, raw) = (fresh.open(), fresh.raw().await);
    let data = pattern(5 * MIB as usize + 7, 1);
    let file = fresh.folder.path().join("long");
    std::fs::write(&file, &data).unwrap();
    store.put_file("outputs/long", &file).await.unwrap();

    let head = raw.ask(Method::HEAD, "outputs/long").await;
    assert_eq!(head.headers()["X-Static-Large-Object"], "True");
    let segments = raw.segments().await;
    assert_eq!(segments.len(), 3);
    for name in segments.iter().map(String::as_str).chain(["outputs/long"]) {
        assert_eq!(delete_at(&raw, name).await, None, "{name} would expire");
    }
    let listed = store.list("outputs/", None, 10).await.unwrap().objects;
    assert_eq!((listed.len(), listed[0].bytes), (1, data.len() as u64));
    assert!(whole(&*store, "outputs/long").await == data);
    let to = fresh.folder.path().join("back");
    store.fetch("outputs/long", &to).await.unwrap();
    assert!(std::fs::read(&to).unwrap() == data);

    store.delete("outputs/long").await.unwrap();
    assert_eq!(raw.names().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_segments_than_a_manifest_holds_get_manifests_of_manifests() {
    let fresh = Fresh::new(|config| config.most_segments = Some(3));
    let (store, raw) = (fresh.open(), fresh.raw().await);
    let data = pattern(10 * MIB as usize + 5, 2);
    let uploads = store.uploads();
    let state = uploads.begin("u", None).await.unwrap();
    let done = uploads
        .append("u", state, 0, incoming(&data, 99_999))
        .await
        .unwrap();
    for _ in 0..2 {
        let bytes = data.len() as u64;
        let meta = uploads
            .finish("u", done.state.clone(), bytes)
            .await
            .unwrap();
        assert_eq!(meta.bytes, bytes);
        // Eleven pieces, four manifests over them, two over those, and the object over the two.
        assert_eq!(raw.segments().await.len(), 11 + 4 + 2);
    }
    assert!(whole(&*store, "u").await == data);
    assert_eq!(store.unfinished("").await.unwrap(), []);
    store.delete("u").await.unwrap();
    assert_eq!(raw.names().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_appends_do_not_leave_small_segments() {
    let fresh = Fresh::new(|_| {});
    let (store, raw) = (fresh.open(), fresh.raw().await);
    let data = pattern(24 * 100_000, 3);
    let uploads = store.uploads();
    let mut state = uploads.begin("u", Some(data.len() as u64)).await.unwrap();
    let mut offset = 0;
    for piece in data.chunks(100_000) {
        let done = uploads
            .append("u", state, offset, incoming(piece, 65_536))
            .await
            .unwrap();
        (state, offset) = (done.state, done.offset);
        // What is kept, and what the last append replaced.
        assert!(
            raw.segments().await.len() <= 4,
            "{:?}",
            raw.segments().await
        );
    }
    uploads.finish("u", state, offset).await.unwrap();
    assert_eq!(raw.segments().await.len(), 3);
    assert!(whole(&*store, "u").await == data);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_expires_until_it_is_finished_and_never_after() {
    let fresh = Fresh::new(|config| config.unfinished_for = Duration::from_secs(4));
    let (store, raw) = (fresh.open(), fresh.raw().await);
    let uploads = store.uploads();
    let data = pattern(MIB as usize + 10, 4);
    let mut states = Vec::new();
    for key in ["kept", "left"] {
        let state = uploads.begin(key, None).await.unwrap();
        states.push(
            uploads
                .append(key, state, 0, incoming(&data, 50_000))
                .await
                .unwrap(),
        );
    }
    let left = states.pop().unwrap();
    let kept = states.pop().unwrap();

    let first = raw.segments().await.remove(0);
    let before = delete_at(&raw, &first).await.unwrap();
    let (mut kept, mut more) = (kept, data.clone());
    let deadline = Instant::now() + Duration::from_secs(20);
    // Each append puts it off, once a quarter of the time is gone; until long after the other has expired.
    while delete_at(&raw, &first).await.unwrap() < before + 4 {
        assert!(Instant::now() < deadline, "the expiry was not put off");
        kept = uploads
            .append("kept", kept.state, kept.offset, incoming(b"more", 2))
            .await
            .unwrap();
        more.extend_from_slice(b"more");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let bytes = kept.offset;
    uploads.finish("kept", kept.state, bytes).await.unwrap();
    for name in raw.segments().await.iter().filter(|n| n.contains("/kept/")) {
        assert_eq!(delete_at(&raw, name).await, None, "{name} would expire");
    }
    assert_eq!(delete_at(&raw, "kept").await, None);
    assert!(whole(&*store, "kept").await == more);

    let late = uploads.finish("left", left.state, left.offset).await;
    let late = late.unwrap_err().to_string();
    assert!(late.contains("rested longer"), "{late}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_writer_changes_nothing() {
    let fresh = Fresh::new(|_| {});
    let (winner, stale, raw) = (fresh.open(), fresh.open(), fresh.raw().await);
    let start = winner.uploads().begin("u", None).await.unwrap();
    let start = winner
        .uploads()
        .append("u", start, 0, incoming(b"begun ", 3))
        .await
        .unwrap();
    let won = winner
        .uploads()
        .append("u", start.state.clone(), 6, incoming(b"and won", 3))
        .await
        .unwrap();
    stale
        .uploads()
        .append("u", start.state.clone(), 6, incoming(b"but lost", 3))
        .await
        .unwrap();
    // The winner's next append removes what was replaced; the stale one can't finish then.
    let won = winner
        .uploads()
        .append("u", won.state, 13, incoming(b"!", 1))
        .await
        .unwrap();
    assert!(stale.uploads().finish("u", start.state, 6).await.is_err());
    winner
        .uploads()
        .finish("u", won.state.clone(), 14)
        .await
        .unwrap();
    assert_eq!(whole(&*stale, "u").await, b"begun and won!");
    assert_eq!(
        raw.segments().await.len(),
        1,
        "what the stale one wrote stays"
    );
    // Neither an abort nor a discard touches what is finished.
    stale.uploads().abort("u", won.state).await.unwrap();
    assert_eq!(whole(&*stale, "u").await, b"begun and won!");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leftovers_are_found_and_discarded_and_objects_stay() {
    let fresh = Fresh::new(|config| config.prefix = "deep".into());
    let (store, raw) = (fresh.open(), fresh.raw().await);
    let data = pattern(3 * MIB as usize, 5);
    let file = fresh.folder.path().join("long");
    std::fs::write(&file, &data).unwrap();
    store.put_file("work/1/whole", &file).await.unwrap();
    store.put_file("work/1/replaced", &file).await.unwrap();
    store
        .put_bytes("work/1/replaced", "short".into())
        .await
        .unwrap();
    for key in ["work/1/half", "work/2/half"] {
        let state = store.uploads().begin(key, None).await.unwrap();
        store
            .uploads()
            .append(key, state, 0, incoming(&data, 50_000))
            .await
            .unwrap();
    }
    let found = store.unfinished("work/1/").await.unwrap();
    let keys: Vec<&str> = found.iter().map(|u| u.key.as_str()).collect();
    assert_eq!(keys, ["work/1/half", "work/1/replaced"]);
    assert!(found.iter().all(|u| u.age_s < 60), "{found:?}");
    assert_eq!(store.unfinished("").await.unwrap().len(), 3);
    for what in &found {
        store.discard(what).await.unwrap();
        store.discard(what).await.unwrap();
    }
    assert_eq!(store.unfinished("work/1/").await.unwrap(), []);
    assert!(whole(&*store, "work/1/whole").await == data);
    assert_eq!(whole(&*store, "work/1/replaced").await, b"short");
    // One that has become an object in the meantime stays.
    let whole_group = raw.segments().await;
    let whole_group = whole_group.iter().find(|n| n.contains("/whole/")).unwrap();
    let finished = reelmill_objects::Unfinished {
        key: "work/1/whole".into(),
        id: whole_group.rsplit('/').nth(1).unwrap().into(),
        age_s: 0,
    };
    store.discard(&finished).await.unwrap();
    assert!(whole(&*store, "work/1/whole").await == data);
}
