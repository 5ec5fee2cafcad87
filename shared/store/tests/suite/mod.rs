//! What any database must do for us. Each test gets an empty store.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

/// Hands every test of the suite to a macro that makes a `#[tokio::test]` of each.
macro_rules! every_test {
    ($run:ident) => {
        $run!(
            life::a_job_goes_from_post_to_published,
            life::repeated_and_late_events_change_nothing,
            life::parallel_events_of_one_job_all_count,
            life::cancelling_stops_what_runs_and_cancels_the_rest,
            life::a_paused_job_is_taken_back,
            claims::two_dispatchers_claim_no_task_twice,
            claims::a_lane_without_live_workers_releases_nothing,
            claims::a_higher_priority_overtakes_what_waits_in_the_queue,
            leases::a_renewal_extends_and_names_what_to_stop,
            leases::lapsed_leases_of_a_silent_worker_are_judged_together,
            leases::a_release_that_nobody_starts_is_ready_again,
            leases::a_row_that_can_t_be_read_keeps_no_other_from_being_judged,
            stories::ids_are_handed_out_once_every_smaller_one_is_visible,
            stories::pages_go_from_the_newest_without_holes,
            stories::places_go_by_priority_then_age_one_by_one_and_on_a_page,
            files::the_last_reference_dooms_a_file,
            files::a_deleting_file_can_not_be_held,
            files::expired_outputs_lose_their_files,
            files::sources_go_after_their_retention,
        );
    };
}

pub mod claims;
pub mod files;
pub mod fixture;
pub mod leases;
pub mod life;
pub mod stories;
