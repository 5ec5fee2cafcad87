//! A broker that goes away or loses what comes back from it: no result is lost, no task is lost or run twice, and the
//! worker is there again when the broker is.

use crate::farm::{Farm, door::Door, line::Line, sources, specs, until};
use reelmill_domain::wire::{TaskMessage, WorkerEvent, WorkerEventBody};
use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

/// A farm whose worker reaches the broker over a line that can be cut.
async fn farm() -> (Farm, Arc<Line>) {
    let mut line = None;
    let farm = Farm::over(
        |config| config.renew_every = Duration::from_millis(200),
        |broker| line.insert(Line::new(broker)).clone(),
        |objects| objects,
    )
    .await;
    (farm, line.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_waits_for_the_broker_and_is_told_once() {
    let (farm, line) = farm().await;
    let film = sources::film(farm.folder.path(), "320x180", 500);
    let source = farm.store(&film).await;
    let task = farm.task(specs::encode(&source, (320, 180), 500, "medium", false));
    farm.send(&task).await;
    let run = farm.started(&task).await;
    line.cut().await;
    // The part is stored while nobody can be told.
    let objects = farm.folder.path().join("objects/work");
    until(|| objects.exists().then_some(()), "nothing was stored").await;
    farm.scratch_is_clean().await;
    line.mend();
    let end = farm.end(run.run).await;
    assert!(matches!(end, WorkerEventBody::Succeeded { .. }), "{end:?}");
    farm.renewal(|_, runs| runs.is_empty()).await;
    let told = farm.events().into_iter().filter(|e| e.body == end).count();
    assert_eq!(told, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_could_not_be_started_is_not_lost() {
    let (farm, line) = farm().await;
    let source = farm.store(&sources::bunny(farm.folder.path())).await;
    line.cut().await;
    let task = farm.task(specs::probe(&source));
    farm.send(&task).await;
    farm.scratch_is_clean().await;
    line.mend();
    let run = farm.started(&task).await;
    let end = farm.end(run.run).await;
    assert!(matches!(end, WorkerEventBody::Succeeded { .. }), "{end:?}");
    let starts = farm
        .events()
        .into_iter()
        .filter(|e| matches!(e.body, WorkerEventBody::Started { .. }));
    assert_eq!(starts.count(), 1, "a start that was never told is none");
}

fn starts(farm: &Farm, task: &TaskMessage) -> Vec<WorkerEvent> {
    let mut events = farm.events();
    events.retain(
        |e| matches!(e.body, WorkerEventBody::Started { run, .. } if run.task == task.task),
    );
    events
}

fn ends(farm: &Farm, task: &TaskMessage) -> usize {
    let of = |e: &WorkerEvent| matches!(e.body, WorkerEventBody::Succeeded { run, .. } if run.task == task.task);
    farm.events().iter().filter(|e| of(e)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_whose_answer_was_lost_is_the_same_start() {
    let (farm, line) = farm().await;
    let source = farm.store(&sources::bunny(farm.folder.path())).await;
    line.lose_confirms.store(2, Ordering::SeqCst);
    let task = farm.task(specs::probe(&source));
    farm.make(&task).await;
    let told = starts(&farm, &task);
    assert_eq!(told.len(), 3, "the fault hit twice");
    assert!(told.iter().all(|e| *e == told[0]), "{told:?}");
    farm.renewal(|_, runs| runs.is_empty()).await;
    assert_eq!(ends(&farm, &task), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_comes_again_while_it_runs_is_not_run_twice() {
    let (farm, line) = farm().await;
    let film = sources::film(farm.folder.path(), "320x180", 500);
    let source = farm.store(&film).await;
    // Twice: also the acknowledgement of what came again is lost.
    line.lose_acks.store(2, Ordering::SeqCst);
    let task = farm.task(specs::encode(&source, (320, 180), 500, "medium", false));
    farm.send(&task).await;
    farm.started(&task).await;
    let again = || (line.redelivered.load(Ordering::SeqCst) >= 2).then_some(());
    until(again, "it never came again").await;
    let run = farm.started(&task).await;
    farm.end(run.run).await;
    farm.renewal(|_, runs| runs.is_empty()).await;
    assert_eq!((starts(&farm, &task).len(), ends(&farm, &task)), (1, 1));
    // The lane is empty: the next task is the next delivery.
    farm.part(&farm.task(specs::encode(&source, (320, 180), 500, "ultrafast", false)))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_comes_again_when_it_is_over_is_not_run_twice() {
    let (farm, _) = farm().await;
    let source = farm.store(&sources::bunny(farm.folder.path())).await;
    let task = farm.task(specs::probe(&source));
    farm.make(&task).await;
    farm.send(&task).await;
    // The same lane, in order.
    farm.make(&farm.task(specs::probe(&source))).await;
    assert_eq!((starts(&farm, &task).len(), ends(&farm, &task)), (1, 1));
    // Released again it has another number.
    let next = TaskMessage { attempt: 2, ..task };
    farm.send(&next).await;
    until(|| (ends(&farm, &next) == 2).then_some(()), "it never ran").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_outlives_the_broker_and_so_does_its_end() {
    let (farm, line) = farm().await;
    let worker = farm.worker_id().await;
    farm.drain(worker, true).await;
    farm.renewal(|info, _| info.draining).await;
    line.cut().await;
    line.mend();
    farm.renewal(|info, _| info.draining).await;
    let source = farm.store(&sources::bunny(farm.folder.path())).await;
    let task = farm.task(specs::probe(&source));
    farm.send(&task).await;
    for _ in 0..3 {
        farm.renewal(|info, runs| info.draining && runs.is_empty())
            .await;
    }
    assert!(starts(&farm, &task).is_empty());
    farm.drain(worker, false).await;
    farm.started(&task).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ordered_end_is_bounded_though_broker_and_store_are_away() {
    let (mut line, mut door) = (None, None);
    let grace = Duration::from_millis(500);
    let mut farm = Farm::over(
        |config| {
            config.renew_every = Duration::from_millis(200);
            config.drain_grace = grace;
        },
        |broker| line.insert(Line::new(broker)).clone(),
        |store| door.insert(Door::new(store)).clone(),
    )
    .await;
    let film = sources::film(farm.folder.path(), "640x360", 3000);
    let task = farm.task(specs::long_encode(&farm.store(&film).await));
    farm.send(&task).await;
    let run = farm.started(&task).await;
    farm.tool_of(run.run).await;
    line.unwrap().cut().await;
    door.unwrap().away.store(true, Ordering::SeqCst);
    let asked = Instant::now();
    farm.end_worker().await.unwrap();
    let took = asked.elapsed();
    assert!(
        took >= grace && took < grace + Duration::from_secs(8),
        "{took:?}"
    );
    assert!(farm.find_tool(run.run).is_none(), "ffmpeg lives on");
}
