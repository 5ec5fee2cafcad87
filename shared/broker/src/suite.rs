//! One suite for every broker adapter. It only judges what the contract promises; it must never know an adapter.
//!
//! An adapter's test file calls [`crate::broker_suite!`] with the path of an async function that makes a broker
//! whose queues are empty and that nobody else uses, and something that cleans up behind it when dropped:
//! `(Arc<dyn Broker>, _)`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a suite speaks by panicking; it runs in tests only"
)]

pub mod ends;
pub mod events;
pub mod fanout;
pub mod samples;
pub mod tasks;

use crate::{Delivery, Messages};
use std::time::Duration;

/// How long a delivery may take before the suite calls it lost.
const SOON: Duration = Duration::from_secs(10);

/// How long the suite looks for something that must not come. Too short can only hide a fault, never invent one.
const A_WHILE: Duration = Duration::from_millis(200);

/// The next delivery, which must come.
async fn next<T>(from: &mut Messages<T>) -> Delivery<T> {
    tokio::time::timeout(SOON, from.next())
        .await
        .expect("a delivery is due, none came")
        .expect("the consumer was ended")
}

/// Fails if anything is delivered.
async fn nothing<T>(from: &mut Messages<T>) {
    if let Ok(came) = tokio::time::timeout(A_WHILE, from.next()).await {
        assert!(came.is_none(), "a delivery came that must not");
        panic!("the consumer was ended");
    }
}

/// One `#[tokio::test]` per promise of the contract, for the factory given.
#[macro_export]
macro_rules! broker_suite {
    ($make:path) => {
        $crate::broker_suite!(@each $make;
            tasks::a_lane_that_nobody_opened_is_unroutable,
            tasks::a_task_arrives_as_it_was_sent,
            tasks::a_lane_outlives_its_consumers,
            tasks::lanes_do_not_mix,
            tasks::one_task_at_a_time,
            tasks::an_acknowledged_task_leaves_the_next_to_others,
            tasks::a_dropped_delivery_comes_again,
            tasks::an_ended_consumer_gives_back_what_it_holds,
            tasks::an_expired_task_goes_to_the_dead,
            tasks::a_task_in_hand_does_not_expire,
            tasks::a_task_given_back_too_often_goes_to_the_dead,
            tasks::a_dead_task_waits_for_its_reader,
            tasks::tasks_keep_their_order,
            tasks::many_publishers_and_consumers_share_a_lane,
            events::events_keep_their_order,
            events::an_event_waits_for_its_reader,
            events::a_dropped_event_comes_again,
            events::each_event_goes_to_one_reader,
            events::many_publishers_lose_nothing,
            events::hints_arrive,
            fanout::progress_reaches_every_listener,
            fanout::control_reaches_every_listener,
            fanout::a_listener_hears_nothing_from_before,
            fanout::a_slow_listener_holds_up_nobody,
            fanout::nobody_listening_is_no_error,
            fanout::a_healthy_broker_says_so,
            ends::an_ended_listener_leaves_the_others_theirs,
            ends::consumers_end_with_the_broker,
        );
    };
    (@each $make:path; $($module:ident::$name:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let (broker, behind) = $make().await;
                $crate::suite::$module::$name(broker).await;
                drop(behind);
            }
        )+
    };
}
