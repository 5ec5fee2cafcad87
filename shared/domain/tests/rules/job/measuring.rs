//! Jobs of tasks that make nothing (feature `bench`): all ready at once, and done with the last of them.

use super::{Bench, part};
use crate::common::{job, media, video};
use reelmill_domain::preset::Preset;
use reelmill_domain::spec::TaskSpec;
use reelmill_domain::task::TaskState;
use serde_json::json;

fn preset(recipe: serde_json::Value) -> Result<Preset, String> {
    let object = json!({ "bench": recipe }).as_object().unwrap().clone();
    Preset::from_json(object).map_err(|e| e.to_string())
}

fn planned(recipe: serde_json::Value) -> Bench {
    let mut bench = Bench::with(job(&[preset(recipe).unwrap()]));
    bench.probe(media(Some(video(640, 360)), None));
    bench
}

#[test]
fn all_tasks_are_ready_at_once_and_the_last_one_ends_the_job() {
    let mut bench = planned(json!({"tasks": 3}));
    let tasks = &bench.tasks[1..];
    assert_eq!(tasks.len(), 3);
    for task in tasks {
        assert_eq!(
            (&task.spec, &task.state),
            (&TaskSpec::Noop, &TaskState::Ready)
        );
    }
    for n in 1..=2 {
        bench.run(n, part());
        assert_eq!(bench.states(), ("encoding", vec!["encoding"]));
    }
    bench.run(3, part());
    assert_eq!(bench.states(), ("completed", vec!["published"]));
}

#[test]
fn a_length_makes_them_sleep() {
    let bench = planned(json!({"tasks": 1, "sleep_s": 0.25}));
    assert_eq!(bench.tasks[1].spec, TaskSpec::Sleep { ms: 250 });
}

#[test]
fn the_bounds_are_kept() {
    for (recipe, field) in [
        (json!({"tasks": 0}), "bench.tasks"),
        (json!({"tasks": 100_001}), "bench.tasks"),
        (json!({"tasks": 1, "sleep_s": -1}), "bench.sleep_s"),
        (json!({"tasks": 1, "sleep_s": 3601}), "bench.sleep_s"),
    ] {
        let said = preset(recipe).unwrap_err();
        assert!(said.starts_with(field), "{said}");
    }
}
