//! The rules of a task's life, one by one.

use super::*;
use crate::event::Part;
use crate::id::{JobId, TaskId, WorkerId};
use crate::spec::{Input, SourceLimits};
use crate::time::Timestamp;
use uuid::Uuid;

const MAX: u32 = 3;

fn run(n: u128) -> RunId {
    RunId(Uuid::from_u128(n))
}

fn worker(n: u128) -> WorkerId {
    WorkerId(Uuid::from_u128(n))
}

fn probe() -> Task {
    let input = Input {
        key: "sources/x".into(),
        bytes: 1,
    };
    let limits = SourceLimits {
        duration_s: 1,
        pixels: 1,
        streams: 1,
    };
    Task::probe(
        TaskId(Uuid::from_u128(1)),
        JobId(Uuid::from_u128(2)),
        input,
        limits,
    )
}

fn go(task: Task, event: TaskEvent) -> (Task, Outcome) {
    match transition(task, event, MAX) {
        TaskStep::Moved { task, outcome } => (*task, outcome),
        stale => panic!("did not move: {stale:?}"),
    }
}

fn stale(task: &Task, event: TaskEvent) -> Option<RunId> {
    match transition(task.clone(), event, MAX) {
        TaskStep::Stale { stop } => stop,
        moved => panic!("moved: {moved:?}"),
    }
}

fn claimed() -> TaskEvent {
    TaskEvent::Claimed {
        until: Timestamp(60_000),
    }
}

fn started(attempt: u32, r: u128) -> TaskEvent {
    TaskEvent::Started {
        attempt,
        run: run(r),
        worker: worker(r),
        lease_until: Timestamp(10_000),
    }
}

fn succeeded(attempt: u32, r: u128) -> TaskEvent {
    let media = crate::media::Media {
        container: "avi".into(),
        bytes: 1,
        declared_duration_s: 0.0,
        duration_s: 0.0,
        video: None,
        audio: Vec::new(),
        cover_art: false,
        damage: Vec::new(),
    };
    TaskEvent::Succeeded {
        attempt,
        run: run(r),
        result: TaskResult::Probed {
            media: Box::new(media),
            sha256: String::new(),
        },
    }
}

fn failed_with(attempt: u32, r: u128, permanent: bool, avoid_worker: bool) -> TaskEvent {
    TaskEvent::Failed {
        attempt,
        run: run(r),
        failure: Failure {
            code: "x".into(),
            message: "x".into(),
            log_tail: None,
            permanent,
            avoid_worker,
        },
    }
}

/// Claimed for the n-th time and started by run 100 + n.
fn running(task: Task) -> (Task, u128) {
    let task = go(task, claimed()).0;
    let r = 100 + u128::from(task.attempt);
    let attempt = task.attempt;
    (go(task, started(attempt, r)).0, r)
}

#[test]
fn each_claim_has_its_own_attempt_whatever_made_the_task_ready_again() {
    let task = go(probe(), claimed()).0;
    assert_eq!(task.attempt, 1);
    let task = go(task, TaskEvent::DispatchExpired { attempt: 1 }).0;
    let task = go(task, claimed()).0;
    let task = go(task, TaskEvent::TakenBack).0;
    let (task, r) = running(task);
    let task = go(
        task,
        TaskEvent::Released {
            attempt: 3,
            run: run(r),
        },
    )
    .0;
    let (task, r) = running(task);
    let task = go(
        task,
        TaskEvent::LeaseLapsed {
            run: run(r),
            alone: false,
        },
    )
    .0;
    assert_eq!((task.attempt, task.failures, task.losses), (4, 0, 1));
    assert_eq!(stale(&task, TaskEvent::TakenBack), None);
    assert_eq!(go(task, claimed()).0.attempt, 5);
}

#[test]
fn the_first_start_binds_and_any_other_run_is_stopped() {
    let task = go(probe(), claimed()).0;
    let (task, outcome) = go(task, started(1, 7));
    assert_eq!(outcome, Outcome::Started);
    assert_eq!(stale(&task, started(1, 7)), None, "redelivered");
    assert_eq!(stale(&task, started(1, 8)), Some(run(8)));
    assert_eq!(stale(&task, succeeded(1, 8)), Some(run(8)));
    assert_eq!(stale(&task, failed_with(1, 8, true, false)), None);
    let (task, outcome) = go(task, succeeded(1, 7));
    assert_eq!(outcome, Outcome::Succeeded);
    assert_eq!(stale(&task, succeeded(1, 7)), None, "its files must stay");
    assert_eq!(stale(&task, started(1, 7)), None, "its files must stay");
    assert_eq!(stale(&task, started(1, 9)), Some(run(9)));
}

#[test]
fn nothing_of_an_attempt_counts_once_the_task_is_ready_again() {
    let task = go(probe(), claimed()).0;
    let task = go(task, TaskEvent::DispatchExpired { attempt: 1 }).0;
    assert_eq!(stale(&task, started(1, 7)), Some(run(7)));
    assert_eq!(stale(&task, succeeded(1, 7)), Some(run(7)));
    let task = go(task, claimed()).0;
    assert_eq!(stale(&task, started(1, 7)), Some(run(7)));
    assert_eq!(
        stale(&task, TaskEvent::DispatchExpired { attempt: 1 }),
        None
    );
}

#[test]
fn a_result_whose_start_was_lost_counts_while_nobody_else_is_bound() {
    let dispatched = go(probe(), claimed()).0;
    assert_eq!(
        go(dispatched.clone(), succeeded(1, 7)).1,
        Outcome::Succeeded
    );
    let (task, outcome) = go(dispatched.clone(), failed_with(1, 7, false, false));
    assert_eq!(
        (outcome, task.failures),
        (Outcome::Again { failed: true }, 1)
    );
    let release = TaskEvent::Released {
        attempt: 1,
        run: run(7),
    };
    assert_eq!(go(dispatched, release).1, Outcome::Again { failed: false });
}

#[test]
fn failures_are_bounded_and_a_permanent_one_ends_it_at_once() {
    let mut task = probe();
    for n in 1..=MAX {
        let (t, r) = running(task);
        let attempt = t.attempt;
        let (t, outcome) = go(t, failed_with(attempt, r, false, false));
        let last = n == MAX;
        assert_eq!(outcome == Outcome::Failed, last);
        assert_eq!(t.failures, n);
        task = t;
    }
    assert!(task.state.is_terminal());
    assert_eq!(stale(&task, started(3, 5)), Some(run(5)));

    let (task, r) = running(probe());
    assert_eq!(go(task, failed_with(1, r, true, false)).1, Outcome::Failed);
}

#[test]
fn a_worker_that_is_to_be_avoided_is_avoided_though_it_gives_the_task_back() {
    let (t, r) = running(probe());
    let t = go(t, failed_with(1, r, false, true)).0;
    assert_eq!(t.avoid, Some(worker(r)));
    let t = go(t, claimed()).0;
    let again = TaskEvent::Started {
        attempt: 2,
        run: run(9),
        worker: worker(r),
        lease_until: Timestamp(0),
    };
    let t = go(t, again).0;
    let t = go(
        t,
        TaskEvent::Released {
            attempt: 2,
            run: run(9),
        },
    )
    .0;
    assert_eq!((t.avoid, t.failures), (Some(worker(r)), 1));
    // One that fails there after all avoids that one instead.
    let (t, r) = running(t);
    let t = go(t, failed_with(3, r, false, true)).0;
    assert_eq!((t.avoid, t.failures), (Some(worker(r)), 2));
}

#[test]
fn two_losses_are_free_and_then_only_a_loss_alone_counts() {
    let mut task = probe();
    for (alone, failures) in [
        (true, 0),
        (false, 0),
        (false, 0),
        (true, 1),
        (true, 2),
        (true, 3),
    ] {
        let (t, r) = running(task);
        let lapse = TaskEvent::LeaseLapsed { run: run(r), alone };
        task = go(t, lapse).0;
        assert_eq!(task.failures, failures);
        assert_eq!(task.must_run_alone(), task.losses >= 2);
    }
    assert!(matches!(&task.state, TaskState::Failed { failure } if failure.code == "worker_lost"));
}

#[test]
fn a_lapse_of_another_run_is_nothing() {
    let (task, _) = running(probe());
    let lapse = TaskEvent::LeaseLapsed {
        run: run(1),
        alone: true,
    };
    assert_eq!(stale(&task, lapse), None);
}

#[test]
fn a_result_of_the_wrong_kind_is_a_failure() {
    let (task, r) = running(probe());
    let wrong = TaskEvent::Succeeded {
        attempt: 1,
        run: run(r),
        result: TaskResult::Encoded {
            part: Part {
                key: String::new(),
                bytes: 0,
                sha256: String::new(),
                frames: 0,
                cpu_s: 0.0,
                warnings: Vec::new(),
                sound_made_anew: false,
            },
        },
    };
    let (task, outcome) = go(task, wrong);
    assert_eq!(
        (outcome, task.failures),
        (Outcome::Again { failed: true }, 1)
    );
}

#[test]
fn needs_are_counted_down() {
    let waiting = Task {
        state: TaskState::Waiting { on: 2 },
        ..probe()
    };
    let (task, outcome) = go(waiting, TaskEvent::NeedMet);
    assert_eq!(outcome, Outcome::NeedMet { ready: false });
    assert_eq!(stale(&task, claimed()), None);
    let (task, outcome) = go(task, TaskEvent::NeedMet);
    assert_eq!(outcome, Outcome::NeedMet { ready: true });
    assert_eq!(task.state, TaskState::Ready);
    assert_eq!(stale(&task, TaskEvent::NeedMet), None);
}
