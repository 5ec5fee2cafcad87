//! What happens around the storing of results: a stop while it is under way, a store without room.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test speaks by panicking"
)]

mod farm;

use async_trait::async_trait;
use bytes::Bytes;
use farm::{Farm, sources, specs, until};
use reelmill_domain::{
    id::RunId,
    wire::{TaskMessage, WorkerEventBody},
};
use reelmill_folder::FolderStore;
use reelmill_objects::{ByteStream, ObjectError, ObjectMeta, ObjectStore, Page, UploadSink};
use std::{
    ops::Range,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::Semaphore;

/// A store that is slow to say that it has stored something, or has no room.
struct Door {
    store: Arc<FolderStore>,
    /// One permit lets one storing return.
    answers: Semaphore,
    full: AtomicBool,
}

#[async_trait]
impl ObjectStore for Door {
    async fn put_file(&self, key: &str, file: &Path) -> Result<ObjectMeta, ObjectError> {
        if self.full.load(Ordering::SeqCst) {
            return Err(ObjectError::Full {
                attempt: "storing",
                key: key.into(),
            });
        }
        let stored = self.store.put_file(key, file).await;
        self.answers.acquire().await.unwrap().forget();
        stored
    }
    async fn put_bytes(&self, key: &str, bytes: Bytes) -> Result<ObjectMeta, ObjectError> {
        self.store.put_bytes(key, bytes).await
    }
    async fn fetch(&self, key: &str, to: &Path) -> Result<(), ObjectError> {
        self.store.fetch(key, to).await
    }
    async fn read(&self, key: &str, range: Range<u64>) -> Result<ByteStream, ObjectError> {
        self.store.read(key, range).await
    }
    async fn head(&self, key: &str) -> Result<ObjectMeta, ObjectError> {
        self.store.head(key).await
    }
    async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        self.store.delete(key).await
    }
    async fn list(
        &self,
        prefix: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page, ObjectError> {
        self.store.list(prefix, cursor, limit).await
    }
    async fn check(&self) -> Result<(), ObjectError> {
        self.store.check().await
    }
    fn uploads(&self) -> &dyn UploadSink {
        self.store.uploads()
    }
}

async fn farm() -> (Farm, Arc<Door>) {
    let mut door = None;
    let farm = Farm::over(
        |_| {},
        |broker| broker,
        |store| {
            let made = Arc::new(Door {
                store,
                answers: Semaphore::new(0),
                full: AtomicBool::new(false),
            });
            door = Some(made.clone());
            made
        },
    )
    .await;
    (farm, door.unwrap())
}

/// A worker whose part lies in the store already, while the storing has not returned.
async fn storing(farm: &Farm) -> (TaskMessage, RunId) {
    let film = sources::film(farm.folder.path(), "320x180", 25);
    let source = farm.store(&film).await;
    let task = farm.task(specs::encode(&source, (320, 180), 25, "ultrafast", false));
    farm.send(&task).await;
    let run = farm.started(&task).await.run;
    let folder = farm.folder.path().join("objects/work");
    until(|| folder.exists().then_some(()), "nothing was stored").await;
    (task, run)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_stopped_while_storing_deletes_what_it_stored() {
    let (farm, door) = farm().await;
    let (task, run) = storing(&farm).await;
    // The order is heard when the next one is obeyed: orders are followed one after another.
    farm.stop(run).await;
    let worker = farm.worker_id().await;
    farm.drain(worker, true).await;
    farm.renewal(|info, _| info.draining).await;
    door.answers.add_permits(1);
    farm.renewal(|_, runs| runs.is_empty()).await;
    farm.scratch_is_clean().await;
    let folder = farm.folder.path().join("objects/work");
    until(|| (!folder.exists()).then_some(()), "its keys stay").await;
    let said = farm.events().into_iter().any(|event| match event.body {
        WorkerEventBody::Succeeded { run, .. } => run.task == task.task,
        _ => false,
    });
    assert!(!said, "a stopped run succeeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_success_is_told_only_when_the_part_is_stored() {
    let (farm, door) = farm().await;
    let (_, run) = storing(&farm).await;
    for _ in 0..2 {
        farm.renewal(|_, runs| runs.iter().any(|held| held.run == run))
            .await;
    }
    door.answers.add_permits(1);
    let end = farm.end(run).await;
    assert!(matches!(end, WorkerEventBody::Succeeded { .. }), "{end:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_without_room_fails_the_task_with_its_cause() {
    let (farm, door) = farm().await;
    door.full.store(true, Ordering::SeqCst);
    let film = sources::film(farm.folder.path(), "320x180", 25);
    let source = farm.store(&film).await;
    let task = farm.task(specs::encode(&source, (320, 180), 25, "ultrafast", false));
    let failure = farm.fail(&task).await;
    assert_eq!(failure.code, "storage_full");
    assert!(!failure.permanent && !failure.avoid_worker, "{failure:?}");
    farm.scratch_is_clean().await;

    door.full.store(false, Ordering::SeqCst);
    door.answers.add_permits(1);
    farm.part(&farm.task(specs::encode(&source, (320, 180), 25, "ultrafast", false)))
        .await;
}
