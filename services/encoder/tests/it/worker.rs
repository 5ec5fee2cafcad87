//! The worker itself: renewals, lanes, slots, orders, and its end.

use crate::farm;
use crate::farm::{Farm, sources, specs, until};
use reelmill_domain::{
    lane::Lane,
    spec::Input,
    wire::{SCHEMA, Stage, WorkerEventBody},
    worker::WorkerInfo,
};
use std::time::{Duration, Instant};

async fn long_source(farm: &Farm) -> Input {
    farm.store(&sources::film(farm.folder.path(), "640x360", 3000))
        .await
}

fn free(info: &WorkerInfo, lane: &Lane) -> u16 {
    info.lanes.iter().find(|l| l.lane == *lane).unwrap().free
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_says_what_it_is() {
    let farm = Farm::with(|config| config.slots = 3).await;
    let info = farm.renewal(|_, _| true).await;
    assert_eq!(info.name, "test");
    assert!(!info.draining);
    assert!(
        info.abilities
            .ffmpeg_version
            .starts_with(|c: char| c.is_ascii_digit())
    );
    assert_eq!(
        (free(&info, &Lane::light()), free(&info, &Lane::encode())),
        (1, 3)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_does_not_wait_behind_an_encode_and_both_are_renewed() {
    let farm = Farm::new().await;
    let long = farm.task(specs::long_encode(&long_source(&farm).await));
    farm.send(&long).await;
    let run = farm.started(&long).await;
    let clip = farm.store(&sources::bunny(farm.folder.path())).await;
    farm.make(&farm.task(specs::probe(&clip))).await;
    let info = farm.renewal(|_, runs| runs.contains(&run)).await;
    assert_eq!(
        (free(&info, &Lane::light()), free(&info, &Lane::encode())),
        (1, 0)
    );
    farm.stop(run.run).await;
    farm.renewal(|info, runs| runs.is_empty() && free(info, &Lane::encode()) == 1)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renewals_come_every_second_while_it_works() {
    let farm = Farm::new().await;
    let long = farm.task(specs::long_encode(&long_source(&farm).await));
    farm.send(&long).await;
    let run = farm.started(&long).await;
    let began = Instant::now();
    for _ in 0..4 {
        farm.renewal(|_, runs| runs.contains(&run)).await;
    }
    // Four beats of a second each; a lease is ten.
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
    farm.stop(run.run).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_without_a_free_slot_leaves_the_message_to_others() {
    let farm = Farm::new().await;
    let source = long_source(&farm).await;
    let first = farm.task(specs::long_encode(&source));
    farm.send(&first).await;
    let run = farm.started(&first).await;
    let second = farm.task(specs::long_encode(&source));
    farm.send(&second).await;
    let mut other = farm.broker.consume_tasks(&Lane::encode()).await.unwrap();
    let taken = tokio::time::timeout(farm::SOON, other.next())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(taken.message.task, second.task);
    assert!(!taken.redelivered);
    farm.stop(run.run).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_moves_on_and_is_not_too_much() {
    let farm = Farm::new().await;
    let source = farm
        .store(&sources::film(farm.folder.path(), "320x180", 1500))
        .await;
    let task = farm.task(specs::encode(&source, (320, 180), 1500, "medium", false));
    let began = Instant::now();
    farm.part(&task).await;
    let took = began.elapsed();
    let run = farm.started(&task).await;
    let told = farm.progress_of(run.run);
    assert!(
        told.iter()
            .any(|p| p.stage == Stage::Encode && p.frames_done > 0)
    );
    assert!(told.iter().all(|p| p.frames_done <= 1500));
    assert!(
        told.is_sorted_by(|a, b| a.fraction <= b.fraction),
        "it ran backwards"
    );
    let most = took.as_millis() / 250 + 2;
    assert!(
        (told.len() as u128) <= most,
        "{} messages in {took:?}",
        told.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drained_worker_finishes_and_takes_nothing_new_until_told() {
    let farm = Farm::new().await;
    let worker = farm.worker_id().await;
    farm.drain(worker, true).await;
    farm.renewal(|info, _| info.draining).await;
    let clip = farm.store(&sources::bunny(farm.folder.path())).await;
    let task = farm.task(specs::probe(&clip));
    farm.send(&task).await;
    for _ in 0..2 {
        farm.renewal(|info, runs| info.draining && runs.is_empty())
            .await;
    }
    farm.drain(worker, false).await;
    let run = farm.started(&task).await;
    assert!(matches!(
        farm.end(run.run).await,
        WorkerEventBody::Succeeded { .. }
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_ends_finishes_what_it_can() {
    let mut farm = Farm::new().await;
    let source = farm
        .store(&sources::film(farm.folder.path(), "320x180", 250))
        .await;
    let task = farm.task(specs::encode(&source, (320, 180), 250, "medium", false));
    farm.send(&task).await;
    let run = farm.started(&task).await;
    farm.end_worker().await.unwrap();
    assert!(matches!(
        farm.end(run.run).await,
        WorkerEventBody::Succeeded { .. }
    ));
    farm.event(|e| matches!(e.body, WorkerEventBody::Bye).then_some(()))
        .await;
    let gone = farm.scratch();
    let left: Vec<_> = std::fs::read_dir(gone)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left, ["lock"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_ends_gives_back_what_takes_too_long() {
    let mut farm = Farm::with(|config| config.drain_grace = Duration::from_millis(300)).await;
    let task = farm.task(specs::long_encode(&long_source(&farm).await));
    farm.send(&task).await;
    let run = farm.started(&task).await;
    farm.tool_of(run.run).await;
    farm.end_worker().await.unwrap();
    assert!(matches!(
        farm.end(run.run).await,
        WorkerEventBody::Released { .. }
    ));
    assert!(farm.find_tool(run.run).is_none(), "ffmpeg lives on");
    assert!(farm.keys("work/").await.is_empty());
    farm.event(|e| matches!(e.body, WorkerEventBody::Bye).then_some(()))
        .await;
    let events = farm.events();
    assert!(matches!(events.last().unwrap().body, WorkerEventBody::Bye));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_should_avoid_this_worker_is_given_back() {
    let farm = Farm::new().await;
    let clip = farm.store(&sources::bunny(farm.folder.path())).await;
    let mut task = farm.task(specs::probe(&clip));
    task.avoid = Some(farm.worker_id().await);
    farm.send(&task).await;
    let run = farm.started(&task).await;
    assert!(matches!(
        farm.end(run.run).await,
        WorkerEventBody::Released { .. }
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_of_a_newer_program_is_given_back() {
    let farm = Farm::new().await;
    let clip = farm.store(&sources::bunny(farm.folder.path())).await;
    let mut task = farm.task(specs::probe(&clip));
    task.schema = SCHEMA + 1;
    farm.send(&task).await;
    let run = farm.started(&task).await;
    assert!(matches!(
        farm.end(run.run).await,
        WorkerEventBody::Released { .. }
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_must_run_alone_waits_for_the_others_and_lets_none_in() {
    let farm = Farm::with(|config| config.slots = 2).await;
    let long = farm.task(specs::long_encode(&long_source(&farm).await));
    farm.send(&long).await;
    let long_run = farm.started(&long).await;
    let clip = farm.store(&sources::bunny(farm.folder.path())).await;
    let mut alone = farm.task(specs::probe(&clip));
    alone.alone = true;
    farm.send(&alone).await;
    let alone_run = farm.started(&alone).await;
    // It is held and waits: two renewals on it is still there, and has no tool.
    for _ in 0..2 {
        let info = farm
            .renewal(|_, runs| runs.contains(&alone_run) && runs.contains(&long_run))
            .await;
        assert!(info.lanes.iter().all(|l| l.free == 0), "{:?}", info.lanes);
    }
    assert!(farm.find_tool(alone_run.run).is_none());
    farm.stop(long_run.run).await;
    assert!(matches!(
        farm.end(alone_run.run).await,
        WorkerEventBody::Succeeded { .. }
    ));
    farm.renewal(|info, _| info.lanes.iter().all(|l| l.free == l.slots))
        .await;
    let next = farm.task(specs::probe(&clip));
    farm.make(&next).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_worker_left_in_the_scratch_goes_at_the_start() {
    let scratch = tempfile::tempdir().unwrap();
    let dead = scratch.path().join("reelmill-worker-dead");
    std::fs::create_dir_all(dead.join("run")).unwrap();
    std::fs::write(dead.join("run/part.mkv"), "half").unwrap();
    let _farm = Farm::with(|config| config.scratch = scratch.path().to_owned()).await;
    until(|| (!dead.exists()).then_some(()), "it is still there").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scratch_folder_that_cannot_be_made_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let config = reelmill_encoder::EncoderConfig::new(
        "test",
        1,
        file.join("scratch"),
        reelmill_ffmpeg::Tools::locate("ffmpeg", "ffprobe").unwrap(),
        Default::default(),
    );
    let objects = reelmill_folder::FolderStore::open(&folder.path().join("objects")).unwrap();
    let broker = reelmill_embedded::EmbeddedBroker::new();
    let refused = reelmill_encoder::run(config, broker, objects, Default::default()).await;
    let said = refused.unwrap_err().to_string();
    assert!(
        said.contains("encoder.scratch") && !said.contains('\n'),
        "{said}"
    );
}
