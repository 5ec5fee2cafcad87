//! Tasks that are released by the transaction that makes them.

use super::fixture::*;
use reelmill_domain::{lane::Lane, wire::TaskMessage};
use reelmill_store::{Store, StoreError, claim::at_once, jobs::NewJob};

/// Writes a job; what is released with it.
pub async fn released(store: &Store) -> Option<TaskMessage> {
    let (job, probe) = new_job("", &["mkv"], 5);
    let (job, probe) = (&job, &probe);
    let written = store.transact(|txn| async move {
        let (probe, message) = at_once(&txn, probe.clone(), None, TIMES).await?;
        write(&txn, job, &probe, &NewJob::default()).await?;
        Ok::<_, StoreError>(message)
    });
    written.await.unwrap()
}

pub async fn a_task_is_released_with_its_job_and_runs_once(store: &Store) {
    let worker = worker(1);
    heard(store, &worker).await;
    assert!(released(store).await.is_none(), "its lane has no row yet");
    let first = claim(store, Lane::light()).await;
    start(store, &first[0], &worker).await;

    let message = released(store).await.unwrap();
    assert_eq!(message.attempt, 1);
    assert!(claim(store, Lane::light()).await.is_empty());
    let run = start(store, &message, &worker).await;
    let after = say(store, &message, succeeded(&message, run)).await;
    assert!(!after.is_empty(), "it goes on");
    assert!(
        say(store, &message, succeeded(&message, run))
            .await
            .is_empty()
    );
}

pub async fn nothing_is_released_with_its_job_before_others_or_beyond_the_room(store: &Store) {
    job(store, &["mkv"], 5).await;
    assert!(claim(store, Lane::light()).await.is_empty());
    assert!(released(store).await.is_none(), "nobody serves the lane");
    // One slot, and one that waits for it: room for both, and for none beyond.
    heard(store, &worker(1)).await;
    assert!(released(store).await.is_none(), "two were there before");
    assert_eq!(claim(store, Lane::light()).await.len(), 2);
    assert!(released(store).await.is_none(), "one was there before");
    heard(store, &worker(1)).await;
    assert_eq!(claim(store, Lane::light()).await.len(), 2);
    assert!(released(store).await.is_none(), "the lane is full");
}
