//! Renewals and what is overdue.

use super::fixture::*;
use reelmill_domain::{
    event::JobEvent,
    id::{RunId, TaskId},
    lane::Lane,
    wire::{RunRef, TaskMessage},
    worker::WorkerInfo,
};
use reelmill_store::{
    Change, Store, apply,
    claim::{self, ClaimTimes},
    entity::task,
    now, read, reap, renew,
    workers::Admission,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use uuid::Uuid;

async fn row(store: &Store, id: TaskId) -> task::Model {
    task::Entity::find_by_id(id.0)
        .one(store.db())
        .await
        .unwrap()
        .unwrap()
}

pub async fn a_renewal_extends_and_names_what_to_stop(store: &Store) {
    job(store, &["mkv"], 5).await;
    job(store, &["mkv"], 5).await;
    let worker = worker(1);
    heard(store, &worker).await;
    let messages = claim(store, Lane::light()).await;
    let run = start_for(store, &messages[0], &worker, 1).await;
    let name = |m: &TaskMessage, attempt, run| RunRef {
        task: m.task,
        attempt,
        run,
    };
    let unknown = RunId(Uuid::now_v7());
    let late_start = name(&messages[1], 1, RunId(Uuid::now_v7()));
    let second = name(&messages[0], 1, RunId(Uuid::now_v7()));
    let stale = name(&messages[1], 0, RunId(Uuid::now_v7()));
    let gone = RunRef {
        task: TaskId(Uuid::now_v7()),
        attempt: 1,
        run: unknown,
    };
    let runs = [name(&messages[0], 1, run), late_start, second, stale, gone];
    let stop = renew::renew(store, &worker, &runs, LEASE, Admission::Open)
        .await
        .unwrap();
    assert_eq!(stop, [second.run, stale.run, unknown]);

    // Its message came: there is a free slot, and it is not taken for lost.
    reap::dispatches(store, TIMES.dispatch_ms + 6_000, LEASE, &POLICY)
        .await
        .unwrap();
    assert_eq!(row(store, messages[1].task).await.state, "dispatched");
    let until = row(store, messages[0].task).await.until.unwrap();
    let now = now(store.db()).await.unwrap().0;
    assert!(
        (LEASE - 5_000..=LEASE).contains(&(until - now)),
        "{}",
        until - now
    );

    // The run whose result was accepted is left in peace: stopping it would delete what it made.
    say(store, &messages[0], succeeded(&messages[0], run)).await;
    let stop = renew::renew(
        store,
        &worker,
        &[name(&messages[0], 1, run)],
        LEASE,
        Admission::Open,
    )
    .await
    .unwrap();
    assert_eq!(stop, []);
}

pub async fn lapsed_leases_of_a_silent_worker_are_judged_together(store: &Store) {
    for _ in 0..2 {
        job(store, &["mkv"], 5).await;
    }
    let worker = worker(1);
    heard(store, &worker).await;
    let messages = claim(store, Lane::light()).await;
    start_for(store, &messages[0], &worker, -1).await;
    start_for(store, &messages[1], &worker, 60_000).await;
    // The worker is silent (its lease counts as zero here), but one of its runs may still be renewed.
    let lost = reap::leases(store, 0, &POLICY).await.unwrap();
    assert_eq!((lost.runs, lost.after.len()), (0, 0));
    assert_eq!(row(store, messages[0].task).await.state, "running");
    // It lives: it forgot the run.
    let lost = reap::leases(store, LEASE, &POLICY).await.unwrap();
    assert_eq!(lost.runs, 1);
    let lost = row(store, messages[0].task).await;
    assert_eq!(
        (lost.state.as_str(), lost.losses, lost.failures),
        ("ready", 1, 0)
    );
    assert_eq!(row(store, messages[1].task).await.state, "running");
}

pub async fn a_release_that_nobody_starts_is_ready_again(store: &Store) {
    let job = job(store, &["mkv"], 5).await;
    let worker = worker(1);
    heard(store, &worker).await;
    let first = claim(store, Lane::light()).await.pop().unwrap();
    reap::dispatches(store, TIMES.dispatch_ms, LEASE, &POLICY)
        .await
        .unwrap();
    assert_eq!(
        row(store, first.task).await.state,
        "dispatched",
        "it has time yet"
    );
    // As if it had been released long ago: the slot is free, so the message is lost.
    reap::dispatches(store, TIMES.dispatch_ms + 6_000, LEASE, &POLICY)
        .await
        .unwrap();
    assert_eq!(row(store, first.task).await.state, "ready");
    let second = claim(store, Lane::light()).await.pop().unwrap();
    assert_eq!((second.task, second.attempt), (first.task, 2));
    assert_eq!(record(store, job.id).await.job.outputs[0].failures, 0);
    // No worker left.
    reap::dispatches(store, TIMES.dispatch_ms, 0, &POLICY)
        .await
        .unwrap();
    assert_eq!(
        read::tasks_by_state(store.db()).await.unwrap(),
        [("ready".to_owned(), 1)].into()
    );
}

/// Names a run of a message.
fn run_of(message: &TaskMessage) -> RunRef {
    RunRef {
        task: message.task,
        attempt: message.attempt,
        run: RunId(Uuid::now_v7()),
    }
}

/// A renewal of these runs, which hold for so long.
async fn renewed(store: &Store, worker: &WorkerInfo, runs: &[RunRef], lease: i64) {
    let stop = renew::renew(store, worker, runs, lease, Admission::Open).await;
    assert_eq!(stop.unwrap(), []);
}

/// Until the database's clock has gone on by so much.
async fn pass(store: &Store, ms: i64) {
    let end = now(store.db()).await.unwrap().plus_ms(ms);
    while now(store.db()).await.unwrap() <= end {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

pub async fn a_run_whose_start_is_told_late_is_not_released_again(store: &Store) {
    job(store, &["mkv"], 5).await;
    let worker = worker(1);
    heard(store, &worker).await;
    let short = ClaimTimes {
        dispatch_ms: 1,
        ..TIMES
    };
    let claimed = claim::claim(store, &Lane::light(), short, &POLICY).await;
    let message = claimed.unwrap().pop().unwrap();
    let run = run_of(&message);
    renewed(store, &worker, &[run], LEASE).await;
    pass(store, 1).await;
    assert!(reap::is_held(store.db(), message.task).await.unwrap());
    // Long after the deadline, with a free slot: its worker says that it runs, so it is nobody else's.
    reap::dispatches(store, 1, LEASE, &POLICY).await.unwrap();
    assert_eq!(row(store, message.task).await.state, "dispatched");
    assert!(claim(store, Lane::light()).await.is_empty());
    start(store, &message, &worker).await;
    let begun = row(store, message.task).await;
    assert_eq!((begun.state.as_str(), begun.attempt), ("running", 1));
}

pub async fn a_run_that_is_renewed_no_more_is_released_again(store: &Store) {
    job(store, &["mkv"], 5).await;
    let worker = worker(1);
    heard(store, &worker).await;
    let message = claim(store, Lane::light()).await.pop().unwrap();
    renewed(store, &worker, &[run_of(&message)], 1).await;
    pass(store, 1).await;
    assert!(!reap::is_held(store.db(), message.task).await.unwrap());
    // The worker lives, and says nothing of it any more.
    reap::dispatches(store, TIMES.dispatch_ms, LEASE, &POLICY)
        .await
        .unwrap();
    let again = row(store, message.task).await;
    assert_eq!(
        (again.state.as_str(), again.worker_id, again.failures),
        ("ready", None, 0)
    );
    assert_eq!(claim(store, Lane::light()).await[0].attempt, 2);
}

pub async fn what_a_worker_holds_already_is_not_taken_back(store: &Store) {
    let worker = worker(1);
    heard(store, &worker).await;
    let held = job(store, &["mkv"], 5).await;
    job(store, &["mkv"], 5).await;
    let messages = claim(store, Lane::light()).await;
    assert_eq!(messages.len(), 2);
    let mine = messages.iter().find(|m| m.job == held.id).unwrap();
    let other = messages.iter().find(|m| m.job != held.id).unwrap();
    let run = run_of(mine);
    renewed(store, &worker, &[run], LEASE).await;
    let pause = Change::Job(JobEvent::SetPaused(true));
    apply(store, held.id, pause, &POLICY).await.unwrap();
    // The other one is overtaken; this one is neither overtaken nor held back: it runs.
    for priority in [9, 8] {
        job(store, &["mkv"], priority).await;
        claim(store, Lane::light()).await;
    }
    assert_eq!(row(store, mine.task).await.state, "dispatched");
    assert_eq!(row(store, other.task).await.state, "ready");
    renewed(store, &worker, &[run], 1).await;
    pass(store, 1).await;
    claim(store, Lane::light()).await;
    assert_eq!(row(store, mine.task).await.state, "ready");
}

pub async fn a_row_that_can_t_be_read_keeps_no_other_from_being_judged(store: &Store) {
    job(store, &["mkv"], 5).await;
    job(store, &["mkv"], 5).await;
    let worker = worker(1);
    heard(store, &worker).await;
    let messages = claim(store, Lane::light()).await;
    for message in &messages {
        start_for(store, message, &worker, 0).await;
    }
    task::Entity::update_many()
        .col_expr(task::Column::SpecJson, Expr::value("of a newer version"))
        .filter(task::Column::Id.eq(messages[0].task.0))
        .exec(store.db())
        .await
        .unwrap();
    reap::leases(store, LEASE, &POLICY).await.unwrap();
    assert_eq!(row(store, messages[0].task).await.state, "running");
    assert_eq!(row(store, messages[1].task).await.state, "ready");
}

pub async fn a_renewal_keeps_what_can_t_be_read(store: &Store) {
    job(store, &["mkv"], 5).await;
    job(store, &["mkv"], 5).await;
    let worker = worker(1);
    heard(store, &worker).await;
    let mut runs = Vec::new();
    for message in claim(store, Lane::light()).await {
        let run = start_for(store, &message, &worker, 1).await;
        runs.push(RunRef {
            task: message.task,
            attempt: message.attempt,
            run,
        });
    }
    spoil(store, "tasks", "spec_json", runs[0].task.0).await;
    let stop = renew::renew(store, &worker, &runs, LEASE, Admission::Open).await;
    assert_eq!(stop.unwrap(), []);
    let now = now(store.db()).await.unwrap().0;
    for run in runs {
        assert!(row(store, run.task).await.until.unwrap() > now + LEASE - 5_000);
    }
}
