//! Stored files: gone with the last reference, never before.

use super::fixture::*;
use reelmill_domain::{
    event::JobEvent,
    id::{FileId, JobId, UploadId},
    job::Job,
    lane::Lane,
    output::OutputState,
};
use reelmill_store::{
    Change, Policy, Store, StoreError, apply, read,
    refs::{self, Holder},
    sweep,
};
use uuid::Uuid;

async fn doomed(store: &Store) -> Vec<String> {
    sweep::take_doomed(store, 10)
        .await
        .unwrap()
        .into_iter()
        .map(|(_, key)| key)
        .collect()
}

pub async fn the_last_reference_dooms_a_file(store: &Store) {
    let (upload, job) = (
        Holder::Upload(UploadId(Uuid::now_v7())),
        Holder::Job(JobId(Uuid::now_v7())),
    );
    let file = FileId(Uuid::now_v7());
    refs::add_file(store.db(), file, "sources/a", 5, upload)
        .await
        .unwrap();
    refs::hold(store.db(), file, job).await.unwrap();
    refs::hold(store.db(), file, job).await.unwrap();
    refs::release(store.db(), upload).await.unwrap();
    assert!(doomed(store).await.is_empty());
    refs::release(store.db(), job).await.unwrap();
    // Held again in time: it stays.
    refs::hold(store.db(), file, upload).await.unwrap();
    assert!(doomed(store).await.is_empty());
    refs::release(store.db(), upload).await.unwrap();
    assert_eq!(doomed(store).await, ["sources/a"]);
    // It is that sweeper's for a while.
    assert!(doomed(store).await.is_empty());
    sweep::forget_file(store, file).await.unwrap();
    assert!(doomed(store).await.is_empty());
}

pub async fn a_deleting_file_can_not_be_held(store: &Store) {
    let holder = Holder::Upload(UploadId(Uuid::now_v7()));
    let file = FileId(Uuid::now_v7());
    refs::add_file(store.db(), file, "sources/a", 5, holder)
        .await
        .unwrap();
    refs::release(store.db(), holder).await.unwrap();
    assert_eq!(doomed(store).await.len(), 1);
    let refused = refs::hold(store.db(), file, holder).await;
    assert!(
        matches!(refused, Err(StoreError::FileGone { .. })),
        "{refused:?}"
    );
}

async fn published(store: &Store, policy: &Policy) -> Job {
    let job = job(store, &["mkv"], 5).await;
    let worker = worker(1);
    heard(store, &worker).await;
    for lane in [Lane::light(), Lane::encode()] {
        drain(store, lane, &worker).await;
    }
    let message = claim(store, Lane::light()).await.pop().unwrap();
    let run = start(store, &message, &worker).await;
    let make = |_: &_, _| Some(succeeded(&message, run));
    apply(store, job.id, Change::Task(message.task, &make), policy)
        .await
        .unwrap();
    record(store, job.id).await.job
}

pub async fn expired_outputs_lose_their_files(store: &Store) {
    let job = published(
        store,
        &Policy {
            expire_after_s: Some(0),
            ..POLICY
        },
    )
    .await;
    let OutputState::Published(p) = &job.outputs[0].state else {
        panic!("{:?}", job.outputs[0].state)
    };
    let (key, name) = (p.files[0].key.clone(), p.files[0].name.clone());
    let offered = async || {
        read::offered(store.db(), "", job.id, job.outputs[0].id, &name)
            .await
            .unwrap()
    };
    assert_eq!(offered().await, read::Offered::File(p.files[0].clone()));
    let expired = sweep::expired_outputs(store.db(), 10).await.unwrap();
    assert_eq!(expired, [(job.id, job.outputs[0].id)]);
    apply(
        store,
        job.id,
        Change::Job(JobEvent::Expire(expired[0].1)),
        &POLICY,
    )
    .await
    .unwrap();
    assert_eq!(offered().await, read::Offered::Expired);
    assert_eq!(doomed(store).await, [key]);
    assert!(
        sweep::expired_outputs(store.db(), 10)
            .await
            .unwrap()
            .is_empty()
    );
}

pub async fn sources_go_after_their_retention(store: &Store) {
    let job = published(store, &POLICY).await;
    sweep::release_sources(store, 3600).await.unwrap();
    assert!(doomed(store).await.is_empty());
    sweep::release_sources(store, 0).await.unwrap();
    assert_eq!(doomed(store).await, [job.input.key]);
}
