//! What owner and calendar make of a job.

use super::*;

#[test]
fn cancelling_ends_what_is_open_and_keeps_what_is_published() {
    let mut b = Bench::new(&["mkv", "webm"]);
    b.probe(ordinary());
    b.run(1, part());
    b.run(2, made(&[]));
    b.start(3);
    let effects = b.apply(JobEvent::Cancel);
    assert_eq!(told(&effects), ["output cancelled", "job cancelled"]);
    assert!(effects.contains(&Effect::CancelTasks) && effects.contains(&Effect::ReapWork));
    assert_eq!(b.states(), ("cancelled", vec!["published", "cancelled"]));

    let before = b.job.clone();
    assert_eq!(b.apply(JobEvent::Cancel), []);
    assert_eq!(
        b.succeed(3, part()),
        [Effect::Stop(run(3))],
        "its files are for nothing"
    );
    assert_eq!(
        b.succeed(2, made(&[])),
        [],
        "a late repetition must not delete what is published"
    );
    assert_eq!(b.job, before);
}

#[test]
fn a_job_cancelled_before_it_began_never_started() {
    let mut b = Bench::new(&["mkv"]);
    b.apply(JobEvent::Cancel);
    assert_eq!(b.job.state.started_at(), None);
    assert_eq!(b.tasks[0].state, TaskState::Cancelled);
}

#[test]
fn wishes_change_what_is_open_and_nothing_that_has_ended() {
    let mut b = Bench::new(&["mkv"]);
    assert_eq!(told(&b.apply(JobEvent::SetPriority(9))), ["job queued"]);
    assert_eq!(b.apply(JobEvent::SetPriority(9)), []);
    assert!(
        b.apply(JobEvent::SetPaused(true))
            .contains(&Effect::WakeDispatcher)
    );
    assert_eq!(
        b.on_task(
            0,
            TaskEvent::Claimed {
                until: Timestamp(0)
            }
        ),
        [],
        "held back"
    );
    b.apply(JobEvent::SetPaused(false));
    b.apply(JobEvent::Rename("other".into()));
    assert_eq!((b.job.priority, b.job.name.as_str()), (9, "other"));

    b.apply(JobEvent::Cancel);
    let ended = b.job.clone();
    for wish in [
        JobEvent::SetPriority(1),
        JobEvent::SetPaused(true),
        JobEvent::Rename("x".into()),
    ] {
        assert_eq!(b.apply(wish), []);
    }
    assert_eq!(b.job, ended);
}

#[test]
fn only_a_published_output_expires_and_only_once() {
    let mut b = Bench::new(&["mkv", "webm"]);
    b.probe(ordinary());
    b.run(1, part());
    b.run(2, made(&[]));
    assert_eq!(b.apply(JobEvent::Expire(output_id(1))), []);
    let effects = b.apply(JobEvent::Expire(output_id(0)));
    assert!(effects.contains(&Effect::DropFiles(output_id(0))));
    assert_eq!(told(&effects), ["output expired"]);
    assert_eq!(b.apply(JobEvent::Expire(output_id(0))), []);
    b.run(3, part());
    b.run(4, made(&[]));
    assert_eq!(b.states(), ("completed", vec!["expired", "published"]));
    assert!(retry_outputs(&b.job).is_empty());
}
