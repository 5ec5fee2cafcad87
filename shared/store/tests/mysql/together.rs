//! Two processes of status on one database, at once.

use super::database::Database;
use crate::suite::{at_once::released, fixture::*};
use reelmill_domain::{
    event::{JobEvent, TaskEvent, Telling},
    id::{JobId, RunId},
    lane::Lane,
    task::Task,
    time::Timestamp,
    wire::{RunRef, TaskMessage},
    worker::WorkerInfo,
};
use reelmill_store::{
    Change, ConnectionTrait, Store, apply, claim, entity::job_event, events, now, read, reap,
    renew, tell, workers::Admission,
};
use sea_orm::{EntityTrait, QueryOrder, TransactionTrait};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use uuid::Uuid;

const JOBS: usize = 24;
const SLOTS: u16 = 3;

/// What workers and dispatchers share in the test: the broker.
#[derive(Default)]
struct World {
    queue: Mutex<Vec<TaskMessage>>,
    released: Mutex<BTreeSet<(Uuid, u32)>>,
    over: AtomicBool,
}

/// All at once: dispatchers, reapers, renewals, results, users that cancel and reorder. Every job ends, nothing is
/// released twice, and no lane ever holds more than its room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_everything_loses_nothing_and_overfills_no_lane() {
    let database = Database::migrated().await;
    let replicas = [database.another().await, database.another().await];
    let worker = worker(SLOTS);
    heard(&replicas[0], &worker).await;
    let mut jobs = Vec::new();
    for _ in 0..JOBS {
        jobs.push(job(&replicas[0], &["mkv", "webm"], 5).await.id);
    }
    let world = Arc::new(World::default());
    let mut parts = Vec::new();
    for store in &replicas {
        for lane in [Lane::light(), Lane::encode()] {
            parts.push(tokio::spawn(dispatch(store.clone(), world.clone(), lane)));
        }
        for _ in 0..4 {
            parts.push(tokio::spawn(work(
                store.clone(),
                world.clone(),
                worker.clone(),
            )));
        }
        parts.push(tokio::spawn(watch(
            store.clone(),
            world.clone(),
            jobs.clone(),
        )));
    }
    let ends = async {
        loop {
            let by_state = read::jobs_by_state(replicas[0].db()).await.unwrap();
            let ended = ["completed", "cancelled", "failed", "partially_completed"];
            let ended: u64 = ended.iter().filter_map(|state| by_state.get(*state)).sum();
            if ended == JOBS as u64 {
                return by_state;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let by_state = tokio::time::timeout(Duration::from_secs(120), ends).await;
    world.over.store(true, Ordering::Relaxed);
    for part in parts {
        part.await.unwrap();
    }
    let by_state = by_state.expect("every job ends");
    assert_eq!(by_state["cancelled"], JOBS as u64 / 6, "{by_state:?}");
    assert_eq!(
        by_state["completed"],
        (JOBS - JOBS / 6) as u64,
        "{by_state:?}"
    );
    for job in jobs {
        let story = events::of_job(replicas[1].db(), job, 0, 1000)
            .await
            .unwrap();
        let seqs: Vec<u64> = story.iter().map(|t| t.seq).collect();
        assert_eq!(
            seqs,
            (1..=seqs.len() as u64).collect::<Vec<_>>(),
            "without gaps"
        );
    }
}

async fn dispatch(store: Store, world: Arc<World>, lane: Lane) {
    while !world.over.load(Ordering::Relaxed) {
        let messages = claim::claim(&store, &lane, TIMES, &POLICY).await.unwrap();
        for message in messages {
            let new = world
                .released
                .lock()
                .unwrap()
                .insert((message.task.0, message.attempt));
            assert!(new, "released twice: {message:?}");
            world.queue.lock().unwrap().push(message);
        }
        let which = |state: &str| format!("lane = '{}' AND state = '{state}'", lane.0);
        let statement = format!(
            "SELECT COUNT(*) AS n FROM tasks WHERE {}",
            which("dispatched")
        );
        let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::MySql, statement);
        let row = store.db().query_one_raw(statement).await.unwrap().unwrap();
        let dispatched: i64 = row.try_get("", "n").unwrap();
        assert!(
            dispatched <= i64::from(SLOTS) + 1,
            "{dispatched} in {}",
            lane.0
        );
    }
}

async fn work(store: Store, world: Arc<World>, worker: WorkerInfo) {
    while !world.over.load(Ordering::Relaxed) {
        let Some(message) = world.queue.lock().unwrap().pop() else {
            tokio::time::sleep(Duration::from_millis(2)).await;
            continue;
        };
        let run = RunId(Uuid::now_v7());
        let attempt = message.attempt;
        let started = |_: &Task, now: Timestamp| {
            Some(TaskEvent::Started {
                attempt,
                run,
                worker: worker.id,
                lease_until: now.plus_ms(LEASE),
            })
        };
        apply(
            &store,
            message.job,
            Change::Task(message.task, &started),
            &POLICY,
        )
        .await
        .unwrap();
        let held = [RunRef {
            task: message.task,
            attempt,
            run,
        }];
        renew::renew(&store, &worker, &held, LEASE, Admission::Open)
            .await
            .unwrap();
        let done = succeeded(&message, run);
        let done = |_: &Task, _: Timestamp| Some(done.clone());
        apply(
            &store,
            message.job,
            Change::Task(message.task, &done),
            &POLICY,
        )
        .await
        .unwrap();
    }
}

/// A user's wishes, the reaper and renewals of an idle worker, over and over. Every sixth job is cancelled.
async fn watch(store: Store, world: Arc<World>, jobs: Vec<JobId>) {
    for job in jobs.iter().step_by(6) {
        apply(&store, *job, Change::Job(JobEvent::Cancel), &POLICY)
            .await
            .unwrap();
    }
    let mut turn = 0;
    while !world.over.load(Ordering::Relaxed) {
        turn += 1;
        let job = jobs[turn % jobs.len()];
        let priority = JobEvent::SetPriority(u8::try_from(turn % 10).unwrap());
        apply(&store, job, Change::Job(priority), &POLICY)
            .await
            .unwrap();
        reap::leases(&store, LEASE, &POLICY).await.unwrap();
        reap::dispatches(&store, TIMES.dispatch_ms, LEASE, &POLICY)
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Two replicas hear a worker for the first time at the same moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_two_replicas_hear_at_once_is_written_once() {
    let database = Database::migrated().await;
    let replicas = [database.another().await, database.another().await];
    for _ in 0..10 {
        let worker = worker(1);
        let hear =
            (0..8).map(|n| renew::renew(&replicas[n % 2], &worker, &[], LEASE, Admission::Open));
        for heard in futures::future::join_all(hear).await {
            assert_eq!(heard.unwrap(), []);
        }
        let which = format!("id = {}", hex(worker.id.0));
        assert_eq!(count(&replicas[0], "workers", &which).await, 1);
    }
}

/// A dispatcher that looks at a lane is neither waited for nor disturbed by those who write jobs.
#[tokio::test]
async fn a_lane_that_somebody_looks_at_is_left_to_him() {
    let database = Database::migrated().await;
    let store = database.another().await;
    heard(&store, &worker(1)).await;
    assert!(released(&store).await.is_none(), "its lane has no row yet");
    assert_eq!(claim(&store, Lane::light()).await.len(), 1);
    let looking = store.db().begin().await.unwrap();
    looking
        .execute_unprepared("UPDATE lanes SET claims = claims + 1")
        .await
        .unwrap();
    assert!(released(&store).await.is_none());
    looking.commit().await.unwrap();
    assert_eq!(claim(&store, Lane::light()).await.len(), 1);
}

/// A process that stands still with a lane keeps nobody from the others, and from this one only as long as it has it.
#[tokio::test]
async fn a_lane_that_somebody_holds_is_skipped_soon() {
    let database = Database::migrated().await;
    let store = database.another().await;
    heard(&store, &worker(1)).await;
    let lanes = [Lane::light(), Lane::encode()];
    for lane in &lanes {
        assert!(claim(&store, lane.clone()).await.is_empty());
    }
    job(&store, &["mkv"], 5).await;
    let still = store.db().begin().await.unwrap();
    still
        .execute_unprepared("SELECT * FROM lanes WHERE name = 'light' FOR UPDATE")
        .await
        .unwrap();
    let begun = Instant::now();
    for lane in &lanes {
        assert!(claim(&store, lane.clone()).await.is_empty());
    }
    // Waiting for the row would take ten seconds a try.
    assert!(begun.elapsed() < Duration::from_secs(5), "{begun:?}");
    still.rollback().await.unwrap();
    assert_eq!(claim(&store, Lane::light()).await.len(), 1);
}

async fn line(txn: &impl ConnectionTrait) -> i64 {
    let telling = Telling::Job {
        state: "queued".into(),
    };
    let at = now(txn).await.unwrap();
    let job = JobId(Uuid::now_v7());
    tell::append(txn, job, "", 1, &telling, at).await.unwrap();
    let statement =
        sea_orm::Statement::from_string(sea_orm::DbBackend::MySql, "SELECT LAST_INSERT_ID() AS id");
    let row = txn.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get::<u64>("", "id").unwrap().cast_signed()
}

/// A line that is committed at once.
async fn told(store: &Store) -> i64 {
    let txn = store.db().begin().await.unwrap();
    let id = line(&txn).await;
    txn.commit().await.unwrap();
    id
}

/// A line that is being written holds up those after it, however long that takes; one that is taken back does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stories_wait_for_a_transaction_that_takes_long() {
    let database = Database::migrated().await;
    let (writer, reader) = (database.another().await, database.another().await);
    let ids = async |after| -> Vec<i64> {
        let told = events::after(reader.db(), after, 100).await.unwrap();
        told.iter().map(|t| t.id).collect()
    };
    let first = told(&writer).await;
    let slow = writer.db().begin().await.unwrap();
    let second = line(&slow).await;
    let third = told(&writer).await;
    // Much longer than the moment between an id and its row.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(ids(0).await, [first]);
    slow.commit().await.unwrap();
    assert_eq!(ids(0).await, [first, second, third]);

    let slow = writer.db().begin().await.unwrap();
    line(&slow).await;
    let last = told(&writer).await;
    slow.rollback().await.unwrap();
    let seen = async {
        while ids(third).await != [last] {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), seen)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_of_all_stories_misses_no_line_of_many_writers() {
    let database = Database::migrated().await;
    let over = Arc::new(AtomicUsize::new(0));
    let mut writers = Vec::new();
    for writer in 0..8_u64 {
        let (store, over) = (database.another().await, over.clone());
        writers.push(tokio::spawn(async move {
            for turn in 0..40 {
                let txn = store.db().begin().await.unwrap();
                for _ in 0..=(turn % 3) {
                    line(&txn).await;
                    tokio::time::sleep(Duration::from_millis((writer * 7 + turn) % 11)).await;
                }
                match turn % 5 {
                    0 => txn.rollback().await.unwrap(),
                    _ => txn.commit().await.unwrap(),
                }
            }
            over.fetch_add(1, Ordering::Relaxed);
        }));
    }
    let reader = database.another().await;
    let mut seen: Vec<i64> = Vec::new();
    let all = async {
        loop {
            let done = over.load(Ordering::Relaxed) == 8;
            let told = events::after(reader.db(), seen.last().copied().unwrap_or(0), 25)
                .await
                .unwrap();
            seen.extend(told.iter().map(|t| t.id));
            let last = events::last(reader.db()).await.unwrap();
            if done && seen.last() == Some(&last) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all)
        .await
        .unwrap();
    for writer in writers {
        writer.await.unwrap();
    }
    let rows = job_event::Entity::find()
        .order_by_asc(job_event::Column::Id)
        .all(reader.db())
        .await
        .unwrap();
    let there: Vec<i64> = rows.iter().map(|row| row.id).collect();
    assert_eq!(seen, there);
    let gaps = there
        .windows(2)
        .filter(|pair| pair[1] != pair[0] + 1)
        .count();
    assert!(gaps > 5, "no transaction was taken back: {gaps}");
}
