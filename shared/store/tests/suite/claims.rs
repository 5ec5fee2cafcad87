//! Who gets released, and how often.

use super::fixture::*;
use reelmill_domain::api::WorkerState;
use reelmill_domain::{lane::Lane, wire::Traceparent};
use reelmill_store::{Store, entity::task, jobs::NewJob, read, workers};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use uuid::Uuid;

pub async fn two_dispatchers_claim_no_task_twice(store: &Store) {
    for _ in 0..12 {
        job(store, &["mkv"], 5).await;
    }
    let workers = [worker(1), worker(1), worker(1)];
    for worker in &workers {
        heard(store, worker).await;
    }
    // Three light slots, and one more for each of three workers.
    let claims = futures::future::join_all((0..8).map(|_| claim(store, Lane::light()))).await;
    let tasks: Vec<_> = claims
        .into_iter()
        .flatten()
        .map(|m| (m.task, m.attempt))
        .collect();
    assert_eq!(tasks.len(), 6);
    assert_eq!(tasks.iter().collect::<BTreeSet<_>>().len(), 6);
}

pub async fn a_lane_without_live_workers_releases_nothing(store: &Store) {
    job(store, &["mkv"], 5).await;
    assert!(claim(store, Lane::light()).await.is_empty());
    let worker = worker(1);
    heard(store, &worker).await;
    workers::want(store.db(), worker.id, WorkerState::Draining)
        .await
        .unwrap();
    assert!(claim(store, Lane::light()).await.is_empty());
    workers::want(store.db(), worker.id, WorkerState::Live)
        .await
        .unwrap();
    assert_eq!(claim(store, Lane::light()).await.len(), 1);
}

pub async fn a_higher_priority_overtakes_what_waits_in_the_queue(store: &Store) {
    let worker = worker(1);
    heard(store, &worker).await;
    for _ in 0..3 {
        job(store, &["mkv"], 3).await;
    }
    let first = claim(store, Lane::light()).await;
    assert_eq!(first.len(), 2);
    start(store, &first[0], &worker).await;
    let urgent = job(store, &["mkv"], 9).await;
    let next = claim(store, Lane::light()).await;
    assert_eq!(next.iter().map(|m| m.job).collect::<Vec<_>>(), [urgent.id]);
    // The one that was overtaken is ready again, and nothing overtakes the urgent one.
    assert!(claim(store, Lane::light()).await.is_empty());
    start(store, &next[0], &worker).await;
}

pub async fn owners_take_turns_and_then_jobs(store: &Store) {
    let worker = worker(1);
    for _ in 0..3 {
        job_of(store, "ann", &["mkv"], 5, NewJob::default()).await;
    }
    let bobs = job_of(store, "bob", &["mkv"], 5, NewJob::default()).await;
    let low = job_of(store, "cid", &["mkv"], 1, NewJob::default()).await;
    // Ten workers: eleven and more may be released, among them one of each owner first.
    heard(store, &worker).await;
    let first = claim(store, Lane::light()).await;
    assert_eq!(first.len(), 2, "one slot, and one that waits for it");
    assert_eq!(first[1].job, bobs.id);
    for _ in 0..9 {
        heard(store, &super::fixture::worker(1)).await;
    }
    let rest = claim(store, Lane::light()).await;
    assert_eq!(rest.len(), 3);
    assert_eq!(
        rest[2].job, low.id,
        "what is less urgent fills the room that is left"
    );
}

pub async fn many_owners_cost_few_queries_and_none_is_forgotten(store: &Store) {
    // The oldest job is that of the last owner by name.
    let mut jobs = Vec::new();
    for n in (0..60).rev() {
        let owner = format!("owner-{n:02}");
        let made = job_of(store, &owner, &["mkv"], 5, NewJob::default()).await;
        jobs.push(made.id);
    }
    heard(store, &worker(1)).await;
    let (mut watched, sent) = (store.clone(), Arc::new(AtomicUsize::new(0)));
    let count = sent.clone();
    watched.observe(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
    });
    let claimed = claim(&watched, Lane::light()).await;
    assert_eq!(
        claimed.iter().map(|m| m.job).collect::<Vec<_>>(),
        jobs[..2],
        "the oldest of all"
    );
    let sent = sent.load(Ordering::Relaxed);
    assert!((20..100).contains(&sent), "{sent} statements");
}

pub async fn a_job_that_can_t_be_read_blocks_nobody(store: &Store) {
    let mut bad = Vec::new();
    for (table, column) in [
        ("jobs", "state_json"),
        ("tasks", "spec_json"),
        ("outputs", "preset_json"),
        ("sources", "media_json"),
    ] {
        let job = job(store, &["mkv"], 5).await;
        let id = match table {
            "jobs" => job.id.0,
            "tasks" => task_of(store, job.id.0).await,
            "outputs" => job.outputs[0].id.0,
            _ => job.source.0,
        };
        spoil(store, table, column, id).await;
        bad.push(job.id);
    }
    let good = [
        job(store, &["mkv"], 5).await.id,
        job(store, &["mkv"], 5).await.id,
    ];
    heard(store, &worker(1)).await;
    let claimed = claim(store, Lane::light()).await;
    assert_eq!(claimed.iter().map(|m| m.job).collect::<Vec<_>>(), good);
    assert!(claim(store, Lane::light()).await.is_empty());

    // They are still there, for a version that can read them, but not on a page.
    let listed = read::page(store.db(), "", None, None, 1).await.unwrap();
    assert_eq!(listed[0].job.id, good[1]);
    let mut cursor = Some(read::Cursor::after(&listed[0]));
    let mut ids = Vec::new();
    while let Some(record) = read::page(store.db(), "", None, cursor, 1)
        .await
        .unwrap()
        .pop()
    {
        cursor = Some(read::Cursor::after(&record));
        ids.push(record.job.id);
    }
    assert_eq!(
        ids,
        [good[0], bad[1]],
        "a task that can't be read spoils no page"
    );
    let error = read::job(store.db(), "", bad[0]).await.unwrap_err();
    assert!(error.is_unreadable(), "{error}");
}

async fn task_of(store: &Store, job: Uuid) -> Uuid {
    let task = task::Entity::find().filter(task::Column::JobId.eq(job));
    task.one(store.db()).await.unwrap().unwrap().id
}

pub async fn a_task_carries_the_trace_of_its_job(store: &Store) {
    let trace = Traceparent::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let new = NewJob {
        trace: trace.clone(),
        ..NewJob::default()
    };
    let job = job_of(store, "", &["mkv"], 5, new).await;
    assert_eq!(record(store, job.id).await.trace, trace);
    heard(store, &worker(1)).await;
    assert_eq!(claim(store, Lane::light()).await[0].trace, trace);
}
