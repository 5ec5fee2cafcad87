//! A job of ten thousand chunks costs the same per event as a job of one: by structure, not by the clock.

use crate::model::{Setting, World};
use crate::workers::End;
use reelmill_domain::output::OutputState;
use reelmill_domain::spec::TaskSpec;
use reelmill_domain::task::{Task, TaskState};

/// Bytes of the aggregate, and number of effects, around one finished chunk.
fn price(chunks: u32) -> (usize, usize) {
    let mut world = World::new(&Setting {
        presets: vec!["mkv"],
        chunks,
        max_attempts: 3,
    });
    world.join();
    world.dispatch(0, false);
    world.deliver(0, 0, false);
    world.hear(0, false);
    world.end_run(0, 0, End::Succeeds);
    world.hear(0, false);

    let ready = |w: &World| {
        let is_ready =
            |t: &&Task| t.state == TaskState::Ready && matches!(t.spec, TaskSpec::Encode(_));
        w.tasks.values().filter(is_ready).count()
    };
    assert_eq!(ready(&world), chunks as usize);
    world.dispatch(0, false);
    world.deliver(0, 0, false);
    world.hear(0, false);
    let OutputState::Encoding(parts) = world.job.outputs[0].state else {
        panic!("not encoding");
    };
    assert_eq!(parts.total, chunks);

    let bytes = serde_json::to_vec(&world.job).unwrap().len();
    let before = world.effects;
    world.end_run(0, 0, End::Succeeds);
    world.hear(0, false);
    (bytes, world.effects - before)
}

#[test]
fn an_event_of_ten_thousand_chunks_costs_what_one_of_two_costs() {
    let (small, few) = price(2);
    let (large, many) = price(10_000);
    assert_eq!(few, many, "effects");
    // The count itself has four more digits, where it is planned and where it is counted.
    assert!(large <= small + 8, "{small} → {large} bytes");
}
