//! The store stands what networks and servers do: each test breaks one thing before a real Swift, and proves that it did.

use crate::common::{Behind, Place};
use reelmill_faults::{Fault, Proxy, Rule};
use reelmill_objects::{ObjectError, ObjectStore, suite};
use reelmill_s3::S3Store;
use std::{sync::Arc, time::Duration};

const MIB: usize = 1024 * 1024;
const BYTES: usize = 20 * MIB + 7;

async fn broken() -> (Arc<S3Store>, Behind, Proxy) {
    let (place, proxy) = Place::make_broken("REELMILL_TEST_SWIFT_S3").await;
    (place.store().await, place.behind(), proxy)
}

/// Uploads while `rules` hold, each of which must hit, and gets what was sent.
async fn upload_through(rules: impl IntoIterator<Item = Rule>) {
    let (store, place, proxy) = broken().await;
    let hits: Vec<_> = rules.into_iter().map(|r| proxy.add(r)).collect();
    let data = suite::pattern(BYTES, 1);
    let uploads = store.uploads();
    let state = uploads.begin("u", Some(BYTES as u64)).await.unwrap();
    let first = uploads.append("u", state, 0, suite::incoming(&data[..10 * MIB], 100_000));
    let first = first.await.unwrap();
    let rest = suite::incoming(&data[10 * MIB..], 100_000);
    let done = uploads
        .append("u", first.state, first.offset, rest)
        .await
        .unwrap();
    assert_eq!(done.offset, BYTES as u64);
    uploads.finish("u", done.state, done.offset).await.unwrap();
    assert!(
        hits.iter().all(|h| h.count() > 0),
        "{hits:?} of {}",
        proxy.seen()
    );
    proxy.clear();
    assert!(suite::whole(&*store, "u").await == data, "the bytes differ");
    assert_eq!(place.names().await, ["reel/mill/u"]);
    assert_eq!(place.multiparts().await, []);
}

fn part(fault: Fault) -> Rule {
    Rule::new(fault)
        .method("PUT")
        .target("partNumber=")
        .times(2)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_is_answered_500_is_sent_again() {
    upload_through([part(Fault::Answer(500))]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_asks_for_patience_gets_it() {
    upload_through([part(Fault::Answer(503)), part(Fault::Answer(429))]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_whose_connection_is_reset_in_the_middle_is_sent_again() {
    upload_through([part(Fault::ResetRequest { after: 3_000_000 })]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_was_stored_and_answered_500_counts_once() {
    upload_through([
        part(Fault::AnswerAfter(500)),
        part(Fault::ResetResponse { after: 0 }),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_was_completed_and_answered_500_is_done() {
    for fault in [Fault::AnswerAfter(500), Fault::ResetResponse { after: 0 }] {
        upload_through([Rule::new(fault).method("POST").target("uploadId=").times(1)]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tail_that_breaks_on_its_way_there_or_back_is_whole() {
    upload_through([
        Rule::new(Fault::ResetRequest { after: 500_000 })
            .method("PUT")
            .target("/.tails/")
            .times(2),
        Rule::new(Fault::ResetResponse { after: 500_000 })
            .method("GET")
            .target("/.tails/")
            .times(2),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_cannot_be_stored_stays_where_it_was() {
    let (store, _place, proxy) = broken().await;
    let data = suite::pattern(BYTES, 2);
    let uploads = store.uploads();
    let state = uploads.begin("u", None).await.unwrap();
    let kept = uploads.append("u", state, 0, suite::incoming(&data[..MIB], 100_000));
    let kept = kept.await.unwrap();
    let full = proxy.add(part(Fault::Answer(507)));
    let rest = || suite::incoming(&data[MIB..], 100_000);
    let refused = uploads
        .append("u", kept.state.clone(), kept.offset, rest())
        .await;
    assert!(
        matches!(refused, Err(ObjectError::Full { .. })),
        "{refused:?}"
    );
    assert!(full.count() > 0);
    proxy.clear();
    let done = uploads
        .append("u", kept.state, kept.offset, rest())
        .await
        .unwrap();
    uploads.finish("u", done.state, done.offset).await.unwrap();
    assert!(suite::whole(&*store, "u").await == data, "the bytes differ");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_comes_through_both_ways() {
    let (store, place, proxy) = broken().await;
    let (file, to) = (
        place.folder.path().join("made"),
        place.folder.path().join("to"),
    );
    let data = suite::pattern(BYTES, 3);
    std::fs::write(&file, &data).unwrap();
    let puts = proxy.add(part(Fault::ResetRequest { after: 1_000_000 }));
    let done = Rule::new(Fault::AnswerAfter(503))
        .method("POST")
        .target("uploadId=")
        .times(1);
    let done = proxy.add(done);
    store.put_file("f", &file).await.unwrap();
    assert_eq!((puts.count(), done.count()), (2, 1));
    for fault in [
        Fault::ResetResponse { after: 1_000_000 },
        Fault::Truncate { after: 1_000_000 },
        Fault::Answer(500),
    ] {
        let gets = proxy.add(Rule::new(fault).method("GET").times(2));
        assert!(suite::whole(&*store, "f").await == data, "read differs");
        assert_eq!(gets.count(), 2);
        let gets = proxy.add(
            Rule::new(Fault::ResetResponse { after: 99_999 })
                .method("GET")
                .times(2),
        );
        store.fetch("f", &to).await.unwrap();
        assert_eq!(gets.count(), 2);
        assert!(std::fs::read(&to).unwrap() == data, "fetched differs");
        std::fs::remove_file(&to).unwrap();
    }
    assert_eq!(
        std::fs::read_dir(place.folder.path()).unwrap().count(),
        2,
        "made and spool"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_changes_while_it_is_read_is_no_mixture() {
    let (store, place, proxy) = broken().await;
    let to = place.folder.path().join("to");
    for (n, new) in [(1, "new, and shorter"), (2, "newer")] {
        store
            .put_bytes("k", suite::pattern(2 * MIB, n).into())
            .await
            .unwrap();
        // What is read first is of the old version; then it is replaced.
        let late = Rule::new(Fault::Delay(Duration::from_millis(400)))
            .method("GET")
            .times(1);
        let hits = proxy.add(late);
        let replace = async {
            while hits.count() == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let put = place.client.put_object().bucket(&place.config.bucket);
            let put = put.key("reel/mill/k").body(new.as_bytes().to_vec().into());
            put.send().await.unwrap();
        };
        let (fetched, ()) = tokio::join!(store.fetch("k", &to), replace);
        let told = fetched.unwrap_err().to_string();
        assert!(told.contains("replaced by another object"), "{told}");
        assert!(!to.exists());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_put_leaves_nothing() {
    let (store, place, proxy) = broken().await;
    let file = place.folder.path().join("made");
    std::fs::write(&file, suite::pattern(BYTES, 4)).unwrap();
    let stalled = proxy.add(part(Fault::StallRequest { after: 100_000 }).times(u64::MAX));
    let putting = tokio::spawn({
        let store = store.clone();
        async move { store.put_file("f", &file).await.map(drop) }
    });
    until(async || stalled.count() > 0).await;
    assert_eq!(store.unfinished("f").await.unwrap().len(), 1);
    putting.abort();
    until(async || place.multiparts().await.is_empty()).await;
    assert_eq!(place.names().await, Vec::<String>::new());
}

async fn until(is_so: impl AsyncFn() -> bool) {
    for _ in 0..1000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not come to pass");
}
