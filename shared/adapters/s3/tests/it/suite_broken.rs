//! The core of the port's suite through a proxy that breaks one request in ten, before a real Swift.

use crate::common::Place;
use reelmill_faults::{Fault, Hits, Proxy, Rule};
use reelmill_objects::{ObjectStore, suite};
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// Breaks one request in ten while the store has to do `work`; says with which seed.
async fn through<F: Future<Output = ()>>(work: impl Fn(Arc<dyn ObjectStore>) -> F) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = std::env::var("REELMILL_TEST_SEED")
        .map_or(u64::from(now.subsec_nanos()), |s| s.parse().unwrap());
    eprintln!("REELMILL_TEST_SEED={seed}");
    let (place, proxy) = Place::make_broken("REELMILL_TEST_SWIFT_S3").await;
    proxy.seed(seed);
    let hits = break_some(&proxy);
    work(place.store().await).await;
    let (hits, seen) = (hits.count(), proxy.seen());
    eprintln!("{hits} of {seen} requests were broken");
    drop(place.behind());
    hits
}

fn break_some(proxy: &Proxy) -> Hits {
    let faults = [
        Fault::Answer(500),
        Fault::Answer(503),
        Fault::AnswerAfter(500),
        Fault::ResetRequest { after: 10_000 },
        Fault::ResetResponse { after: 0 },
        Fault::ResetResponse { after: 10_000 },
        Fault::Truncate { after: 10_000 },
    ];
    proxy.add(Rule::any_of(faults).percent(10))
}

macro_rules! broken {
    ($($name:ident: $($module:ident::$case:ident),+;)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let mut hits = 0;
                $(hits += through(suite::$module::$case).await;)+
                assert!(hits > 0, "nothing was broken");
            }
        )+
    };
}

broken! {
    objects: objects::bytes_come_back, objects::any_range_can_be_read,
        objects::a_file_comes_back, objects::neighbours_come_and_go_at_once,
        listing::a_listing_is_sorted_and_complete;
    uploads: uploads::an_upload_becomes_an_object, uploads::uploads_at_once_do_not_mix,
        uploads::finishing_twice_is_fine, resuming::a_piece_can_be_taken_back;
    large: large::a_large_file_comes_back, large::breaks_at_odd_places_lose_nothing,
        large::several_parts_can_be_taken_back;
    tiny: large::tiny_appends_add_up;
}
