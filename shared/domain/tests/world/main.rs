//! The whole system in small: job and task table, dispatcher, reaper, a broker that reorders, repeats and loses, workers
//! that crash, stall and come back, an owner who changes their mind. Whatever happens, in whatever order, a job ends, and
//! ends right.
//!
//! The runs are the same each time; `PROPTEST_CASES` makes them more.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../rules/common.rs"]
mod common;

mod actions;
mod calm;
mod check;
mod model;
mod scale;
mod workers;

use actions::{Action, any_action, harmless_action};
use model::{Setting, World};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

const PRESETS: [&str; 4] = ["mkv", "webm", "thumbnails", "mp4-1080p"];

fn for_all<S: Strategy>(strategy: &S, test: impl Fn(S::Value)) {
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let result = runner.run(strategy, |value| {
        test(value);
        Ok(())
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(why, value)) => panic!("{why}\nminimal: {value:#?}"),
        Err(TestError::Abort(why)) => panic!("aborted: {why}"),
    }
}

fn setting(max_attempts: u32) -> impl Strategy<Value = Setting> {
    (1..=PRESETS.len(), 1..=4_u32).prop_map(move |(outputs, chunks)| Setting {
        presets: PRESETS[..outputs].to_vec(),
        chunks,
        max_attempts,
    })
}

/// Any order, repetition, loss and crash, failures and an owner's wishes: the job ends, every task has ended with it,
/// and no rule was broken on the way (`check` looks after each single step).
#[test]
fn whatever_happens_a_job_ends() {
    let cases = (setting(3), vec(any_action(), 0..160));
    for_all(&cases, |(setting, actions): (Setting, Vec<Action>)| {
        let mut world = World::new(&setting);
        for action in actions {
            world.act(action);
        }
        world.calm_down();
        assert!(world.job.state.is_terminal(), "still {:?}", world.job.state);
    });
}

/// When nobody wishes anything and no task runs out of failures, the end is always the same one.
#[test]
fn what_happens_on_the_way_does_not_change_the_end() {
    let cases = (setting(u32::MAX), vec(harmless_action(), 0..200));
    for_all(&cases, |(setting, actions): (Setting, Vec<Action>)| {
        let mut quiet = World::new(&setting);
        quiet.calm_down();
        let mut world = World::new(&setting);
        for action in actions {
            world.act(action);
        }
        world.calm_down();
        assert_eq!(world.ending(), quiet.ending());
    });
}

/// The model can fail: a world in which nothing is ever delivered does not end by itself.
#[test]
fn a_job_needs_somebody_to_run_it() {
    let world = World::new(&Setting {
        presets: vec!["mkv"],
        chunks: 1,
        max_attempts: 3,
    });
    assert!(!world.job.state.is_terminal());
}
