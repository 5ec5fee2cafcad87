//! Who gets released, and how often.

use super::fixture::*;
use reelmill_domain::api::WorkerState;
use reelmill_domain::lane::Lane;
use reelmill_store::{Store, workers};
use std::collections::BTreeSet;

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
