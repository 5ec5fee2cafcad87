//! Workers as their operator wants them.

use super::fixture::*;
use reelmill_domain::{api::WorkerState, id::WorkerId, lane::Lane, worker::WorkerInfo};
use reelmill_store::{
    Store, renew,
    workers::{self, Admission},
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

async fn speak(store: &Store, info: &WorkerInfo, admission: Admission) {
    renew::renew(store, info, &[], LEASE, admission)
        .await
        .unwrap();
}

async fn state(store: &Store, info: &WorkerInfo) -> WorkerState {
    let now = reelmill_store::now(store.db()).await.unwrap();
    let found = workers::find(store.db(), info.id).await.unwrap().unwrap();
    found.state(now, LEASE)
}

/// The same machine after a restart of its process.
fn again(info: &WorkerInfo) -> WorkerInfo {
    WorkerInfo {
        id: WorkerId(Uuid::now_v7()),
        ..info.clone()
    }
}

async fn want(store: &Store, info: &WorkerInfo, wanted: WorkerState) {
    assert!(workers::want(store.db(), info.id, wanted).await.unwrap());
}

pub async fn a_disabled_worker_stays_so_when_its_process_starts_anew(store: &Store) {
    let first = worker(1);
    speak(store, &first, Admission::Open).await;
    assert_eq!(state(store, &first).await, WorkerState::Live);
    want(store, &first, WorkerState::Disabled).await;
    let second = again(&first);
    speak(store, &second, Admission::Open).await;
    assert_eq!(state(store, &second).await, WorkerState::Disabled);
    // A drain is of one process.
    want(store, &second, WorkerState::Live).await;
    want(store, &second, WorkerState::Draining).await;
    let third = again(&first);
    speak(store, &third, Admission::Open).await;
    assert_eq!(state(store, &third).await, WorkerState::Live);
    let other = WorkerInfo {
        name: "One".into(),
        ..again(&first)
    };
    want(store, &third, WorkerState::Disabled).await;
    speak(store, &other, Admission::Open).await;
    assert_eq!(
        state(store, &other).await,
        WorkerState::Live,
        "names are compared exactly"
    );
    assert!(
        !workers::want(store.db(), WorkerId(Uuid::now_v7()), WorkerState::Live)
            .await
            .unwrap()
    );
}

pub async fn who_was_heard_lately_is_listed_and_may_work_once_enabled(store: &Store) {
    let (early, late) = (worker(1), worker(1));
    speak(store, &early, Admission::Open).await;
    let sql = format!(
        "UPDATE workers SET seen_at = seen_at - 60000 WHERE id = {}",
        hex(early.id.0)
    );
    store.db().execute_unprepared(&sql).await.unwrap();
    speak(store, &late, Admission::ByOperator).await;
    let db = store.db();
    let heard = async |within_ms| -> Vec<WorkerId> {
        let heard = workers::heard_within(db, within_ms).await.unwrap();
        heard.into_iter().map(|worker| worker.info.id).collect()
    };
    assert_eq!(heard(30_000).await, [late.id]);
    assert_eq!(heard(90_000).await, [late.id, early.id]);
    let admitted = async |id| workers::is_admitted(db, id).await.unwrap();
    assert_eq!(admitted(early.id).await, Some(true));
    assert_eq!(admitted(late.id).await, Some(false));
    assert_eq!(admitted(WorkerId(Uuid::now_v7())).await, None);
    want(store, &late, WorkerState::Live).await;
    assert_eq!(admitted(late.id).await, Some(true));
}

pub async fn a_worker_waits_until_it_is_admitted(store: &Store) {
    job(store, &["mkv"], 5).await;
    let first = worker(1);
    speak(store, &first, Admission::ByOperator).await;
    assert_eq!(state(store, &first).await, WorkerState::Disabled);
    assert!(claim(store, Lane::light()).await.is_empty());
    want(store, &first, WorkerState::Live).await;
    let second = again(&first);
    speak(store, &second, Admission::ByOperator).await;
    assert_eq!(state(store, &second).await, WorkerState::Live);
    assert_eq!(claim(store, Lane::light()).await.len(), 1);
}
