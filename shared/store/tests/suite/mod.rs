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
            life::a_transaction_that_always_meets_others_ends_with_advice,
            claims::two_dispatchers_claim_no_task_twice,
            claims::a_lane_without_live_workers_releases_nothing,
            claims::a_higher_priority_overtakes_what_waits_in_the_queue,
            at_once::a_task_is_released_with_its_job_and_runs_once,
            at_once::nothing_is_released_with_its_job_before_others_or_beyond_the_room,
            leases::a_renewal_extends_and_names_what_to_stop,
            leases::lapsed_leases_of_a_silent_worker_are_judged_together,
            leases::a_release_that_nobody_starts_is_ready_again,
            leases::a_run_whose_start_is_told_late_is_not_released_again,
            leases::a_run_that_is_renewed_no_more_is_released_again,
            leases::what_a_worker_holds_already_is_not_taken_back,
            leases::a_row_that_can_t_be_read_keeps_no_other_from_being_judged,
            stories::ids_are_handed_out_once_every_smaller_one_is_visible,
            stories::pages_go_from_the_newest_without_holes,
            stories::places_go_by_priority_then_age_one_by_one_and_on_a_page,
            files::the_last_reference_dooms_a_file,
            files::a_deleting_file_can_not_be_held,
            files::expired_outputs_lose_their_files,
            files::sources_go_after_their_retention,
            claims::owners_take_turns_and_then_jobs,
            claims::a_job_that_can_t_be_read_blocks_nobody,
            claims::many_owners_cost_few_queries_and_none_is_forgotten,
            files::old_rows_go_in_batches_and_young_ones_stay,
            workers::who_was_heard_lately_is_listed_and_may_work_once_enabled,
            claims::a_task_carries_the_trace_of_its_job,
            leases::a_renewal_keeps_what_can_t_be_read,
            stories::a_line_that_can_t_be_read_is_left_out,
            files::ended_jobs_go_with_all_that_belongs_to_them,
            files::a_source_goes_with_the_last_job_that_names_it,
            uploads::one_holds_the_lock_until_he_lets_go_or_it_lapses,
            uploads::what_is_advanced_and_completed_is_read_back_and_held,
            uploads::an_expired_upload_is_swept_unless_somebody_writes_to_it,
            workers::a_disabled_worker_stays_so_when_its_process_starts_anew,
            workers::a_worker_waits_until_it_is_admitted,
            sole::only_one_process_claims_a_database,
            sole::of_many_processes_at_once_one_claims_a_database,
            keys::keys_that_differ_in_anything_are_different_keys,
        );
    };
}

pub mod at_once;
pub mod claims;
pub mod files;
pub mod fixture;
pub mod keys;
pub mod leases;
pub mod life;
pub mod sole;
pub mod stories;
pub mod uploads;
pub mod workers;
