//! Two writers of one upload: the one that lost its lock and doesn't know harms nothing, and what can't be kept from it is
//! found out. And a crash at any point leaves a state that is good.

use crate::common::{Behind, Place};
use reelmill_objects::{ObjectStore, suite};
use reelmill_s3::S3Store;
use serde_json::Value;
use std::sync::Arc;

const MIB: usize = 1024 * 1024;
const SERVERS: [&str; 2] = ["REELMILL_TEST_SWIFT_S3", "REELMILL_TEST_MOTO"];

/// Two processes' stores in one bucket.
async fn two(server: &str) -> (Arc<S3Store>, Arc<S3Store>, Behind) {
    let place = Place::make(server).await;
    (place.store().await, place.store().await, place.behind())
}

async fn append(store: &S3Store, state: &Value, from: usize, data: &[u8]) -> Value {
    let done = store.uploads().append(
        "u",
        state.clone(),
        from as u64,
        suite::incoming(data, 300_000),
    );
    let done = done.await.unwrap();
    assert_eq!(done.offset as usize, from + data.len());
    done.state
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_lost_its_lock_harms_nothing() {
    for server in SERVERS {
        let (winner, loser, _place) = two(server).await;
        let (good, bad) = (suite::pattern(30 * MIB, 1), suite::pattern(30 * MIB, 2));
        let begun = winner
            .uploads()
            .begin("u", Some(30 * MIB as u64))
            .await
            .unwrap();
        let start = append(&winner, &begun, 0, &good[..3 * MIB]).await;
        // Both go on from the same state, and the loser's parts and tail come last.
        let won = append(&winner, &start, 3 * MIB, &good[3 * MIB..20 * MIB]).await;
        append(&loser, &start, 3 * MIB, &bad[3 * MIB..22 * MIB]).await;
        let won = append(&winner, &won, 20 * MIB, &good[20 * MIB..]).await;
        // By now the winner has removed what only the loser's state names.
        let late = suite::incoming(&bad[3 * MIB..], 300_000);
        let late = loser
            .uploads()
            .append("u", start.clone(), 3 * MIB as u64, late)
            .await;
        assert!(late.is_err(), "{late:?}");
        winner
            .uploads()
            .finish("u", won, 30 * MIB as u64)
            .await
            .unwrap();
        assert!(
            suite::whole(&*winner, "u").await == good,
            "{server}: the bytes differ"
        );
        let late = suite::incoming(&bad[3 * MIB..], 300_000);
        let late = loser
            .uploads()
            .append("u", start, 3 * MIB as u64, late)
            .await;
        assert!(late.is_err(), "it is finished");
        assert!(
            suite::whole(&*winner, "u").await == good,
            "{server}: the bytes differ"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_was_written_over_is_found_out() {
    for server in SERVERS {
        let (store, _, place) = two(server).await;
        let data = suite::pattern(20 * MIB, 1);
        let begun = store
            .uploads()
            .begin("u", Some(20 * MIB as u64))
            .await
            .unwrap();
        let state = append(&store, &begun, 0, &data).await;
        let number = state["parts"][1][0].as_i64().unwrap();
        let over = place
            .client
            .upload_part()
            .bucket(&place.config.bucket)
            .key("reel/mill/u");
        let over = over.upload_id(state["upload"].as_str().unwrap());
        let over = over
            .part_number(number as i32)
            .body(vec![0; 8 * MIB].into());
        over.send().await.unwrap();
        let refused = store.uploads().finish("u", state, 20 * MIB as u64).await;
        let told = refused.unwrap_err().to_string();
        assert!(
            told.contains("somebody else wrote to this upload"),
            "{server}: {told}"
        );
        assert!(
            store.head("u").await.is_err(),
            "{server}: a mixture is visible"
        );
    }
}

/// Swift's S3 API takes parts for an upload that is completed: a late one, under its writer's own number, changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_comes_after_the_end_changes_nothing() {
    for server in SERVERS {
        let (store, _, place) = two(server).await;
        let data = suite::pattern(20 * MIB, 1);
        let begun = store
            .uploads()
            .begin("u", Some(20 * MIB as u64))
            .await
            .unwrap();
        let state = append(&store, &begun, 0, &data).await;
        let mine = state["parts"][1][0].as_i64().unwrap() as i32;
        let finished = store.uploads().finish("u", state.clone(), 20 * MIB as u64);
        finished.await.unwrap();
        // Any other number that a writer could have picked for the same slot.
        let other = if mine > 500 { mine - 1 } else { mine + 1 };
        let late = place
            .client
            .upload_part()
            .bucket(&place.config.bucket)
            .key("reel/mill/u");
        let late = late.upload_id(state["upload"].as_str().unwrap());
        let taken = late
            .part_number(other)
            .body(vec![0; MIB].into())
            .send()
            .await;
        if server == SERVERS[0] {
            assert!(taken.is_ok(), "it has learned to refuse them: {taken:?}");
        }
        assert!(
            suite::whole(&*store, "u").await == data,
            "{server}: the bytes differ"
        );
    }
}

/// Appends, breaks, take-backs and crashes, by chance: whatever state was kept last is good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_any_point_leaves_a_good_state() {
    for seed in 1..=4u64 {
        let (one, other, place) = two("REELMILL_TEST_MOTO").await;
        let chance = suite::pattern(4_000, seed);
        let mut chance = chance
            .chunks(4)
            .map(|c| u32::from_le_bytes(c.try_into().unwrap()) as usize);
        let good = suite::pattern(20 * MIB, seed);
        let length = (seed % 2 == 0).then_some(good.len() as u64);
        let mut state = one.uploads().begin("u", length).await.unwrap();
        let mut offset = 0;
        while offset < good.len() {
            let store = if chance.next().unwrap() % 2 == 0 {
                &one
            } else {
                &other
            };
            let many =
                [1, 1000, MIB, 9 * MIB][chance.next().unwrap() % 4] + chance.next().unwrap() % 999;
            let end = good.len().min(offset + many);
            match chance.next().unwrap() % 4 {
                0 => {
                    // Other bytes come, and the process dies before it has kept the state.
                    append(store, &state, offset, &vec![0; end - offset]).await;
                }
                1 => {
                    let wrong = append(store, &state, offset, &vec![0; end - offset]).await;
                    let back = store
                        .uploads()
                        .truncate("u", wrong, offset as u64)
                        .await
                        .unwrap();
                    state = back;
                }
                _ => {
                    state = append(store, &state, offset, &good[offset..end]).await;
                    offset = end;
                }
            }
        }
        for _ in 0..2 {
            let done = one
                .uploads()
                .finish("u", state.clone(), offset as u64)
                .await
                .unwrap();
            assert_eq!(done.bytes as usize, good.len());
        }
        assert!(
            suite::whole(&*one, "u").await == good,
            "seed {seed}: the bytes differ"
        );
        assert_eq!(place.names().await, ["reel/mill/u"], "seed {seed}");
        assert_eq!(place.multiparts().await, [], "seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_with_fewer_part_numbers_gets_larger_parts() {
    const LENGTH: u64 = 45 << 30;
    for (server, numbers, part) in [
        (SERVERS[0], 1000, LENGTH / 900),
        (SERVERS[1], 10_000, 8 << 20),
    ] {
        let place = Place::make(server).await;
        let store = place.store().await;
        let place = place.behind();
        let state = store.uploads().begin("u", Some(LENGTH)).await.unwrap();
        assert_eq!(state["numbers"], numbers, "{server}");
        assert_eq!(
            place.multiparts().await.len(),
            1,
            "what it tried out is gone"
        );
        // A first part goes up as a whole, from disk: memory has no room for it.
        let first = suite::incoming(&vec![1; MIB], MIB);
        let zeros = futures::stream::repeat_with(|| Ok(vec![0; MIB].into()));
        let more = futures::StreamExt::take(zeros, part as usize / MIB);
        let data = futures::StreamExt::boxed(futures::StreamExt::chain(first, more));
        let done = store.uploads().append("u", state, 0, data).await.unwrap();
        assert_eq!(done.state["parts"].as_array().unwrap().len(), 1);
        store.uploads().abort("u", done.state).await.unwrap();
    }
}
