//! One suite for every object store adapter. It only judges what the contract promises; it must never know an adapter.
//!
//! An adapter's test file calls [`crate::objects_suite!`] with the path of an async function that makes an empty
//! store that nobody else uses, and something that cleans up behind it when dropped: `(Arc<dyn ObjectStore>, _)`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a suite speaks by panicking; it runs in tests only"
)]

pub mod large;
pub mod leftovers;
pub mod listing;
pub mod objects;
pub mod resuming;
pub mod uploads;
pub mod urls;

use crate::{ByteStream, ObjectStore};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use std::io;

/// Bytes that differ from place to place, so that a shifted or repeated piece shows.
pub fn pattern(bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut made = Vec::with_capacity(bytes + 8);
    while made.len() < bytes {
        // xorshift64: Marsaglia, "Xorshift RNGs", 2003.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        made.extend_from_slice(&state.to_le_bytes());
    }
    made.truncate(bytes);
    made
}

/// Data on its way, in chunks of so many bytes.
pub fn incoming(data: &[u8], chunk: usize) -> ByteStream {
    let chunks: Vec<io::Result<Bytes>> = data
        .chunks(chunk)
        .map(|c| Ok(Bytes::copy_from_slice(c)))
        .collect();
    stream::iter(chunks).boxed()
}

/// Data on its way that breaks off after its last byte.
pub fn breaking(data: &[u8], chunk: usize) -> ByteStream {
    let broken = Err(io::Error::new(io::ErrorKind::ConnectionReset, "gone"));
    incoming(data, chunk).chain(stream::iter([broken])).boxed()
}

/// The whole of an object, by reading it.
pub async fn whole(store: &dyn ObjectStore, key: &str) -> Vec<u8> {
    let meta = store.head(key).await.unwrap();
    assert_eq!(meta.key, key);
    collect(store.read(key, 0..meta.bytes).await.unwrap()).await
}

async fn collect(stream: ByteStream) -> Vec<u8> {
    let chunks: Vec<Bytes> = stream.try_collect().await.unwrap();
    chunks.concat()
}

/// One `#[tokio::test]` per promise of the contract, for the factory given.
#[macro_export]
macro_rules! objects_suite {
    ($make:path) => {
        $crate::objects_suite!(@each $make;
            objects::bytes_come_back,
            objects::an_empty_object_is_an_object,
            objects::a_file_comes_back,
            objects::fetch_gives_a_file_that_outlives_the_object,
            objects::what_is_not_there_is_not_found,
            objects::any_range_can_be_read,
            objects::writing_again_replaces,
            objects::a_reader_sees_one_version_whole,
            objects::deleting_twice_is_fine,
            objects::bad_keys_are_refused_everywhere,
            objects::neighbours_come_and_go_at_once,
            objects::a_healthy_store_says_so,
            listing::a_listing_is_sorted_and_complete,
            listing::a_listing_keeps_to_its_prefix,
            listing::a_listing_goes_on_where_it_stopped,
            listing::uploads_are_not_listed,
            uploads::an_upload_becomes_an_object,
            uploads::chunks_of_any_size_come_out_the_same,
            uploads::an_empty_upload_becomes_an_empty_object,
            uploads::an_unfinished_upload_is_no_object,
            uploads::finishing_twice_is_fine,
            uploads::finishing_too_early_fails,
            uploads::an_aborted_upload_is_gone,
            uploads::uploads_at_once_do_not_mix,
            resuming::an_upload_goes_on_after_a_break,
            resuming::an_append_overwrites_what_lies_beyond,
            resuming::a_dropped_append_harms_nothing,
            resuming::a_piece_can_be_taken_back,
            resuming::an_offset_that_is_not_there_is_refused,
            resuming::an_append_to_a_finished_upload_harms_nothing,
            large::a_large_file_comes_back,
            large::a_length_said_first_changes_nothing,
            large::breaks_at_odd_places_lose_nothing,
            large::tiny_appends_add_up,
            large::several_parts_can_be_taken_back,
            large::a_state_is_small,
            leftovers::what_is_ended_leaves_nothing,
            leftovers::what_is_left_is_found_and_removed,
            leftovers::discarding_never_harms_an_object,
            urls::a_url_gives_the_object,
            urls::a_url_of_nothing_gives_nothing,
        );
    };
    (@each $make:path; $($module:ident::$name:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let (store, behind) = $make().await;
                $crate::suite::$module::$name(store).await;
                drop(behind);
            }
        )+
    };
}
