//! Stores that refuse a worker altogether, half, or for a while: no task pays for it twice, and no work is lost.

use crate::{
    farm::{Farm, door::Door, sources, specs, until},
    storing::{farm_with, refused},
};
use reelmill_domain::{
    spec::Input,
    wire::{TaskMessage, WorkerEvent, WorkerEventBody},
};
use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

/// A farm that makes up its mind quickly.
async fn quick_farm() -> (Farm, Arc<Door>) {
    farm_with(|config| {
        config.store_retry = Duration::from_millis(100);
        config.renew_every = Duration::from_millis(100);
    })
    .await
}

async fn new_source(farm: &Farm) -> Input {
    farm.store(&sources::bunny(farm.folder.path())).await
}

/// How the one attempt of a new probe of this source ends.
async fn probed(farm: &Farm, source: &Input) -> WorkerEventBody {
    let task = farm.task(specs::probe(source));
    farm.send(&task).await;
    let run = farm.started(&task).await;
    farm.end(run.run).await
}

fn has_started(farm: &Farm, task: &TaskMessage) -> bool {
    let starts = |e: &WorkerEvent| matches!(&e.body, WorkerEventBody::Started { run, .. } if run.task == task.task);
    farm.events().iter().any(starts)
}

fn takes_nothing(info: &reelmill_domain::worker::WorkerInfo) -> bool {
    info.lanes.iter().all(|lane| lane.slots == 0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_lets_nobody_in_fails_no_task_and_gets_none_until_it_does() {
    let (farm, door) = farm_with(|config| {
        config.store_retry = Duration::from_millis(300);
        config.renew_every = Duration::from_millis(200);
    })
    .await;
    let source = farm.store(&sources::bunny(farm.folder.path())).await;
    door.denied.store(true, Ordering::SeqCst);
    let task = farm.task(specs::probe(&source));
    farm.send(&task).await;
    let run = farm.started(&task).await;
    let end = farm.end(run.run).await;
    assert!(matches!(end, WorkerEventBody::Released { .. }), "{end:?}");
    farm.renewal(|info, runs| runs.is_empty() && info.lanes.iter().all(|l| l.slots == 0))
        .await;
    let next = farm.task(specs::probe(&source));
    farm.send(&next).await;
    let asked = door.refused.load(Ordering::SeqCst);
    until(
        || (door.refused.load(Ordering::SeqCst) > asked + 1).then_some(()),
        "it never looks again",
    )
    .await;
    let takes = |e: &WorkerEvent| matches!(&e.body, WorkerEventBody::Started { run, .. } if run.task == next.task);
    assert!(!farm.events().iter().any(takes), "it took a task");
    door.denied.store(false, Ordering::SeqCst);
    let run = farm.started(&next).await;
    let end = farm.end(run.run).await;
    assert!(matches!(end, WorkerEventBody::Succeeded { .. }), "{end:?}");
    farm.renewal(|info, _| info.lanes.iter().all(|l| l.slots == 1))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_alone_is_denied_fails_its_task_alone_and_names_no_host() {
    let (farm, door) = farm_with(|config| config.store_retry = Duration::from_millis(300)).await;
    let source = farm.store(&sources::bunny(farm.folder.path())).await;
    door.denies_fetches.store(true, Ordering::SeqCst);
    let failure = farm.fail(&farm.task(specs::probe(&source))).await;
    assert_eq!(
        (failure.code.as_str(), failure.permanent),
        ("storage_refused", false)
    );
    assert!(failure.avoid_worker, "another one may be let in");
    assert!(!failure.message.contains("10.0.0.7"), "{failure:?}");
    farm.renewal(|info, runs| runs.is_empty() && info.lanes.iter().all(|l| l.slots == 1))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_object_that_is_denied_stops_no_worker_however_many_tasks_want_it() {
    let (farm, door) = quick_farm().await;
    let source = new_source(&farm).await;
    door.denies_fetches.store(true, Ordering::SeqCst);
    for _ in 0..4 {
        let end = probed(&farm, &source).await;
        assert!(matches!(end, WorkerEventBody::Failed { .. }), "{end:?}");
    }
    farm.renewal(|info, runs| runs.is_empty() && info.lanes.iter().all(|l| l.slots == 1))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_refused_one_task_after_another_stops_and_tries_again_later() {
    let (farm, door) = quick_farm().await;
    door.denies_fetches.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        let end = probed(&farm, &new_source(&farm).await).await;
        let WorkerEventBody::Failed { failure, .. } = end else {
            panic!("{end:?}");
        };
        assert_eq!(failure.code, "storage_refused");
    }
    // The third is no task's fault any more, nor are those of the trials to come.
    for _ in 0..2 {
        let end = probed(&farm, &new_source(&farm).await).await;
        assert!(matches!(end, WorkerEventBody::Released { .. }), "{end:?}");
        farm.renewal(|info, runs| runs.is_empty() && takes_nothing(info))
            .await;
    }
    let next = farm.task(specs::probe(&new_source(&farm).await));
    farm.send(&next).await;
    farm.renewal(|info, _| takes_nothing(info)).await;
    assert!(!has_started(&farm, &next), "it took a task in its pause");
    door.denies_fetches.store(false, Ordering::SeqCst);
    let run = farm.started(&next).await;
    let end = farm.end(run.run).await;
    assert!(matches!(end, WorkerEventBody::Succeeded { .. }), "{end:?}");
    farm.renewal(|info, _| info.lanes.iter().all(|l| l.slots == 1))
        .await;
    // All is forgotten.
    door.denies_fetches.store(true, Ordering::SeqCst);
    let end = probed(&farm, &new_source(&farm).await).await;
    assert!(matches!(end, WorkerEventBody::Failed { .. }), "{end:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_is_gone_fails_no_task() {
    let (farm, door) = quick_farm().await;
    let source = new_source(&farm).await;
    door.gone.store(true, Ordering::SeqCst);
    let end = probed(&farm, &source).await;
    assert!(matches!(end, WorkerEventBody::Released { .. }), "{end:?}");
    farm.renewal(|info, _| takes_nothing(info)).await;
    door.gone.store(false, Ordering::SeqCst);
    let end = probed(&farm, &source).await;
    assert!(matches!(end, WorkerEventBody::Succeeded { .. }), "{end:?}");
}

/// Keys are changed, or rights are given anew: for longer than a fetch would wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_made_waits_for_a_store_that_refuses_it() {
    let (farm, door) = farm_with(|config| config.renew_every = Duration::from_millis(200)).await;
    door.answers.add_permits(100);
    let film = sources::film(farm.folder.path(), "320x180", 25);
    let source = farm.store(&film).await;
    let task = farm.task(specs::encode(&source, (320, 180), 25, "ultrafast", false));
    farm.send(&task).await;
    let run = farm.started(&task).await;
    farm.tool_of(run.run).await;
    door.denied.store(true, Ordering::SeqCst);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(7) {
        refused(&door).await;
    }
    // It holds its task, and takes no other.
    farm.renewal(|info, runs| {
        runs.contains(&run) && info.lanes.iter().map(|l| l.slots).sum::<u16>() == 1
    })
    .await;
    door.denied.store(false, Ordering::SeqCst);
    let end = farm.end(run.run).await;
    assert!(matches!(end, WorkerEventBody::Succeeded { .. }), "{end:?}");
    farm.renewal(|info, _| info.lanes.iter().all(|l| l.slots == 1))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_nobody_else_takes_is_done_by_the_worker_it_avoids() {
    let farm = Farm::with(|config| {
        config.renew_every = Duration::from_millis(100);
        config.lease = Some(Duration::from_secs(60));
    })
    .await;
    let mut task = farm.task(specs::probe(&new_source(&farm).await));
    task.avoid = Some(farm.worker_id().await);
    let begun = Instant::now();
    loop {
        farm.send(&task).await;
        let attempt = task.attempt;
        let run = farm
            .event(|event| match &event.body {
                WorkerEventBody::Started { run, .. } if run.attempt == attempt => Some(*run),
                _ => None,
            })
            .await;
        match farm.end(run.run).await {
            WorkerEventBody::Released { .. } => task.attempt += 1,
            WorkerEventBody::Succeeded { .. } => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(task.attempt > 2, "others had no time: {}", task.attempt);
    assert!(begun.elapsed() >= Duration::from_secs(1));
}
