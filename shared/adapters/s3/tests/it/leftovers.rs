//! What failed puts leave goes, also beside an object of parts under the same key, and never takes that object along.

use crate::common::Place;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use futures::{StreamExt, stream};
use reelmill_faults::{Fault, Rule};
use reelmill_objects::{ObjectStore, Unfinished, suite};
use std::collections::BTreeSet;

const SWIFT: &str = "REELMILL_TEST_SWIFT_S3";
const MIB: usize = 1024 * 1024;

/// Begins an upload of `reel/mill/KEY` and stores these parts, from number 1 on.
async fn begin(place: &Place, key: &str, parts: &[Vec<u8>]) -> (String, Vec<CompletedPart>) {
    let (bucket, key) = (&place.config.bucket, format!("reel/mill/{key}"));
    let begun = place.client.create_multipart_upload();
    let begun = begun.bucket(bucket).key(&key).send().await.unwrap();
    let id = begun.upload_id.unwrap();
    let mut stored = Vec::new();
    for (number, part) in (1..).zip(parts) {
        let put = place.client.upload_part().bucket(bucket).key(&key);
        let put = put.upload_id(&id).part_number(number);
        let put = put.body(part.clone().into()).send().await.unwrap();
        let done = CompletedPart::builder().part_number(number);
        stored.push(done.set_e_tag(put.e_tag).build());
    }
    (id, stored)
}

// Not on moto: its list of parts is not the protocol's.
#[tokio::test]
async fn a_failed_put_goes_beside_the_one_that_followed() {
    let place = Place::make(SWIFT).await;
    let store = place.store().await;
    let place = place.behind();
    let data = suite::pattern(20 * MIB, 1);
    let file = place.folder.path().join("made");
    std::fs::write(&file, &data).unwrap();
    // One that came to its first part, one that came to all of the same size, and one that was longer.
    let part = |n| suite::pattern(MIB, n);
    begin(&place, "f", &[data[..8 * MIB].to_vec()]).await;
    begin(&place, "f", &[part(2), part(3), part(4)]).await;
    begin(&place, "f", &[part(5), part(6), part(7), part(8)]).await;
    store.put_file("f", &file).await.unwrap();
    let left = store.unfinished("f").await.unwrap();
    assert_eq!(left.len(), 3, "{left:?}");
    for what in &left {
        assert!(store.discard(what).await.unwrap(), "{what:?}");
        assert!(!store.discard(what).await.unwrap(), "{what:?} is gone");
    }
    assert_eq!(place.multiparts().await, []);
    assert!(suite::whole(&*store, "f").await == data, "the bytes differ");
}

/// Puts back what Swift lists an upload by: it goes behind the making of the object, so that a server that dies in
/// between leaves both.
async fn list_again(place: &Place, key: &str, id: &str) {
    let auth = std::env::var("REELMILL_TEST_SWIFT_AUTH").unwrap();
    let http = reqwest::Client::new();
    let login = http.get(auth).header("X-Auth-User", "test:tester");
    let login = login.header("X-Auth-Key", "testing").send().await.unwrap();
    let header = |name: &str| login.headers()[name].to_str().unwrap().to_owned();
    let url = format!(
        "{}/{}+segments/reel/mill/{key}/{id}",
        header("X-Storage-Url"),
        place.config.bucket
    );
    let put = http.put(url).header("X-Auth-Token", header("X-Auth-Token"));
    let put = put.header("Content-Length", "0").send().await.unwrap();
    assert_eq!(put.status(), 201);
}

#[tokio::test]
async fn what_swift_lists_as_open_and_is_an_object_stays() {
    let place = Place::make(SWIFT).await;
    let store = place.store().await;
    let place = place.behind();
    let parts = [
        suite::pattern(5 * MIB, 1),
        suite::pattern(5 * MIB, 2),
        suite::pattern(MIB, 3),
    ];
    // Of all its parts, and of all but one, as a writer that lost its lock leaves it.
    for (key, named) in [("all", vec![0, 1, 2]), ("some", vec![0, 2])] {
        let (id, stored) = begin(&place, key, &parts).await;
        let chosen = named.iter().map(|n| stored[*n].clone()).collect();
        let chosen = CompletedMultipartUpload::builder().set_parts(Some(chosen));
        let complete = place.client.complete_multipart_upload();
        let complete = complete.bucket(&place.config.bucket).upload_id(&id);
        let complete = complete.key(format!("reel/mill/{key}"));
        let complete = complete.multipart_upload(chosen.build());
        complete.send().await.unwrap();
        let gone = Unfinished {
            key: key.into(),
            id: format!("upload:{id}"),
            age_s: 0,
        };
        assert!(!store.discard(&gone).await.unwrap());
        list_again(&place, key, &id).await;
        let left = store.unfinished(key).await.unwrap();
        assert_eq!(left.len(), 1, "Swift lists it");
        assert!(!store.discard(&left[0]).await.unwrap());
        let data = named.iter().flat_map(|n| parts[*n].clone());
        let data: Vec<u8> = data.collect();
        assert!(suite::whole(&*store, key).await == data, "{key} differs");
        // So it was the store's care that kept it.
        let abort = place.client.abort_multipart_upload();
        let abort = abort.bucket(&place.config.bucket).upload_id(&id);
        let abort = abort.key(format!("reel/mill/{key}"));
        abort.send().await.unwrap();
        let whole = 0..data.len() as u64;
        let read = match store.read(key, whole).await {
            Ok(read) => read.map(|piece| piece.is_ok()).collect().await,
            Err(_) => vec![false],
        };
        assert!(read.contains(&false), "an abort is harmless");
    }
}

#[tokio::test]
async fn more_than_a_page_is_found() {
    const MANY: usize = 103;
    let place = Place::make(SWIFT).await;
    let store = place.store().await;
    let place = place.behind();
    let begun: BTreeSet<(String, String)> = stream::iter(0..MANY)
        .map(|n| {
            // Several of a key lie across the end of a page.
            let key = format!("k/{}", n / 7);
            let place = &place;
            async move {
                let (id, _) = begin(place, &key, &[]).await;
                (key, format!("upload:{id}"))
            }
        })
        .buffer_unordered(8)
        .collect()
        .await;
    let found = store.unfinished("k/").await.unwrap();
    assert_eq!(found.len(), MANY);
    let found: BTreeSet<_> = found.into_iter().map(|u| (u.key, u.id)).collect();
    assert_eq!(found, begun);
}

/// The process dies, or the store fails, between trying out how many parts there may be and tidying up after it: the sweeper,
/// which looks where runs and uploads store things, finds it.
#[tokio::test]
async fn what_trying_out_left_is_swept() {
    let (place, proxy) = Place::make_broken(SWIFT).await;
    let store = place.store().await;
    let place = place.behind();
    let no_abort = proxy.add(Rule::new(Fault::Answer(403)).method("DELETE"));
    let begun = store.uploads().begin("sources/1", Some(45 << 30)).await;
    assert!(begun.is_err(), "{begun:?}");
    assert!(no_abort.count() > 0);
    proxy.clear();
    assert_eq!(place.multiparts().await.len(), 1);
    let mut found = Vec::new();
    for prefix in ["sources/", "work/", "outputs/"] {
        found.extend(store.unfinished(prefix).await.unwrap());
    }
    let [left] = &found[..] else {
        panic!("the sweeper finds {found:?}");
    };
    assert!(store.discard(left).await.unwrap());
    assert_eq!(place.multiparts().await, []);
}
