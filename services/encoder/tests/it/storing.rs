//! What happens around a store that is slow, away or full, and how little is asked of it.

use crate::farm::{Farm, door::Door, sources, specs, until};
use reelmill_domain::{
    id::RunId,
    spec::TaskSpec,
    wire::{TaskMessage, WorkerEventBody},
};
use reelmill_encoder::EncoderConfig;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

async fn farm() -> (Farm, Arc<Door>) {
    farm_with(|_| {}).await
}

pub async fn farm_with(change: impl FnOnce(&mut EncoderConfig)) -> (Farm, Arc<Door>) {
    let mut door = None;
    let farm = Farm::over(
        change,
        |broker| broker,
        |store| door.insert(Door::new(store)).clone(),
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
    // The folder is there a moment before the door knows of it.
    let begun = || (door.unfinished.lock().unwrap().len() == 1).then_some(());
    until(begun, "the door noted no storing").await;
    farm.stop(run).await;
    // The store never answers, and the slot is free nevertheless.
    farm.renewal(|info, runs| runs.is_empty() && info.lanes.iter().all(|l| l.free == l.slots))
        .await;
    farm.scratch_is_clean().await;
    let folder = farm.folder.path().join("objects/work");
    until(|| (!folder.exists()).then_some(()), "its keys stay").await;
    let none_left = || door.unfinished.lock().unwrap().is_empty().then_some(());
    until(none_left, "what was cut off stays").await;
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

/// Waits until the door has refused something anew.
pub async fn refused(door: &Door) {
    let before = door.refused.load(Ordering::SeqCst);
    let more = || (door.refused.load(Ordering::SeqCst) > before).then_some(());
    until(more, "nobody knocked").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_away_fails_no_task_and_the_lease_is_renewed() {
    let (farm, door) = farm().await;
    door.answers.add_permits(100);
    let film = sources::film(farm.folder.path(), "320x180", 25);
    let source = farm.store(&film).await;
    door.away.store(true, Ordering::SeqCst);
    let task = farm.task(specs::encode(&source, (320, 180), 25, "ultrafast", false));
    farm.send(&task).await;
    let run = farm.started(&task).await;
    // It can't be fetched.
    for _ in 0..2 {
        refused(&door).await;
        farm.renewal(|_, runs| runs.contains(&run)).await;
    }
    door.away.store(false, Ordering::SeqCst);
    farm.tool_of(run.run).await;
    // It can't be stored.
    door.away.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        refused(&door).await;
        farm.renewal(|_, runs| runs.contains(&run)).await;
    }
    door.away.store(false, Ordering::SeqCst);
    let end = farm.end(run.run).await;
    assert!(matches!(end, WorkerEventBody::Succeeded { .. }), "{end:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_stays_away_fails_the_task_in_the_end() {
    let (farm, door) = farm_with(|config| config.store_retry = Duration::from_millis(300)).await;
    let source = farm.store(&sources::bunny(farm.folder.path())).await;
    door.away.store(true, Ordering::SeqCst);
    let failure = farm.fail(&farm.task(specs::probe(&source))).await;
    assert_eq!(
        (failure.code.as_str(), failure.permanent),
        ("storage_failed", false)
    );
    assert!(door.refused.load(Ordering::SeqCst) > 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_ends_the_waiting_for_a_store() {
    let (farm, door) = farm().await;
    let source = farm.store(&sources::bunny(farm.folder.path())).await;
    door.away.store(true, Ordering::SeqCst);
    let task = farm.task(specs::probe(&source));
    farm.send(&task).await;
    let run = farm.started(&task).await;
    refused(&door).await;
    farm.stop(run.run).await;
    farm.renewal(|_, runs| runs.is_empty()).await;
    let before = door.refused.load(Ordering::SeqCst);
    for _ in 0..3 {
        farm.renewal(|_, _| true).await;
    }
    assert_eq!(
        door.refused.load(Ordering::SeqCst),
        before,
        "somebody still asks"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_comes_once_and_a_part_that_was_made_here_not_at_all() {
    let (farm, door) = farm_with(|config| config.slots = 2).await;
    door.answers.add_permits(100);
    let film = sources::film(farm.folder.path(), "320x180", 50);
    let source = farm.store(&film).await;
    let tasks =
        [(); 3].map(|()| farm.task(specs::encode(&source, (320, 180), 50, "ultrafast", false)));
    for task in &tasks {
        farm.send(task).await;
    }
    for task in &tasks {
        let run = farm.started(task).await;
        let end = farm.end(run.run).await;
        assert!(matches!(end, WorkerEventBody::Succeeded { .. }), "{end:?}");
    }
    assert_eq!(door.fetches.load(Ordering::SeqCst), 1);
    let part = farm
        .part(&farm.task(specs::encode(&source, (320, 180), 50, "ultrafast", false)))
        .await;
    let spec = specs::assemble(&source, (320, 180), 50, false);
    let mut assemble = farm.task(TaskSpec::Assemble(spec));
    assemble.parts = vec![part];
    farm.make(&assemble).await;
    assert_eq!(door.fetches.load(Ordering::SeqCst), 1);
    farm.scratch_is_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_a_replica_does_not_know_yet_is_asked_for_again() {
    let (farm, door) = farm().await;
    let source = farm.store(&sources::bunny(farm.folder.path())).await;
    door.missing.store(3, Ordering::SeqCst);
    farm.make(&farm.task(specs::probe(&source))).await;
    assert_eq!(door.missing.load(Ordering::SeqCst), 0);
    assert_eq!(door.fetches.load(Ordering::SeqCst), 1);
}
