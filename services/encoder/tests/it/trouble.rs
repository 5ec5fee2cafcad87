//! What goes wrong: stopped, hanging, killed, no room, no source. Each time the worker goes on and leaves nothing.

use crate::farm::{Farm, sources, specs, until};
use reelmill_domain::{
    event::TaskResult,
    spec::Input,
    wire::{RunRef, TaskMessage},
};
use reelmill_objects::ObjectStore;
use rustix::process::{Pid, Signal, kill_process};
use std::time::{Duration, Instant};

/// A farm whose worker is in the middle of a long encode.
async fn encoding(stall: Duration) -> (Farm, TaskMessage, RunRef, Pid) {
    let farm = Farm::with(|config| config.stall = stall).await;
    let source = farm
        .store(&sources::film(farm.folder.path(), "640x360", 3000))
        .await;
    let task = farm.task(specs::long_encode(&source));
    farm.send(&task).await;
    let run = farm.started(&task).await;
    let tool = farm.tool_of(run.run).await;
    let moving = || {
        farm.progress_of(run.run)
            .iter()
            .any(|p| p.frames_done > 0)
            .then_some(())
    };
    until(moving, "ffmpeg makes no frames").await;
    (farm, task, run, tool)
}

/// The worker takes and does the next task.
async fn still_works(farm: &Farm) {
    let source = farm.store(&sources::bunny(farm.folder.path())).await;
    let made = farm.make(&farm.task(specs::probe(&source))).await;
    assert!(matches!(made, TaskResult::Probed { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_kills_ffmpeg_within_two_seconds_and_tells_nothing() {
    let (farm, task, run, tool) = encoding(Duration::from_secs(60)).await;
    let asked = Instant::now();
    farm.stop(run.run).await;
    until(|| (!alive(tool)).then_some(()), "ffmpeg lives on").await;
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    farm.renewal(|_, runs| runs.is_empty()).await;
    farm.scratch_is_clean().await;
    assert!(farm.keys(&format!("work/{}/", task.job)).await.is_empty());
    let told = farm.events().iter().any(|event| tells_the_end(event, run));
    assert!(!told, "a stopped run says nothing");
    still_works(&farm).await;
}

fn tells_the_end(event: &reelmill_domain::wire::WorkerEvent, of: RunRef) -> bool {
    use reelmill_domain::wire::WorkerEventBody as Body;
    matches!(&event.body, Body::Succeeded { run, .. } | Body::Failed { run, .. } | Body::Released { run, .. } if *run == of)
}

fn alive(pid: Pid) -> bool {
    // A zombie that nobody has reaped yet burns nothing, but this worker reaps.
    std::fs::exists(format!("/proc/{}", pid.as_raw_nonzero())).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hanging_ffmpeg_is_ended_by_the_watchdog() {
    let (farm, _, run, tool) = encoding(Duration::from_secs(2)).await;
    kill_process(tool, Signal::STOP).unwrap();
    let reelmill_domain::wire::WorkerEventBody::Failed { failure, .. } = farm.end(run.run).await
    else {
        panic!("it should have failed");
    };
    assert_eq!(failure.code, "ffmpeg_stalled");
    assert!(!failure.permanent);
    assert!(
        failure.message.contains("no progress"),
        "{}",
        failure.message
    );
    until(|| (!alive(tool)).then_some(()), "ffmpeg lives on").await;
    farm.scratch_is_clean().await;
    still_works(&farm).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_ffmpeg_is_a_failure_that_may_be_tried_again() {
    let (farm, task, run, tool) = encoding(Duration::from_secs(60)).await;
    kill_process(tool, Signal::KILL).unwrap();
    let reelmill_domain::wire::WorkerEventBody::Failed { failure, .. } = farm.end(run.run).await
    else {
        panic!("it should have failed");
    };
    assert_eq!(failure.code, "ffmpeg_killed");
    assert!(!failure.permanent);
    farm.scratch_is_clean().await;
    assert!(farm.keys(&format!("work/{}/", task.job)).await.is_empty());
    still_works(&farm).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_is_not_media_fails_for_good_and_says_so() {
    let farm = Farm::new().await;
    let text = farm.folder.path().join("letter.mp4");
    std::fs::write(&text, "Dear reader, this is not a film.\n".repeat(100)).unwrap();
    let source = farm.store(&text).await;
    let failure = farm.fail(&farm.task(specs::probe(&source))).await;
    assert!(failure.permanent, "{failure:?}");
    assert!(
        failure.message.contains("not a video"),
        "{}",
        failure.message
    );
    farm.scratch_is_clean().await;
    still_works(&farm).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_is_gone_fails_and_says_so() {
    let farm = Farm::with(|config| config.store_retry = Duration::from_millis(300)).await;
    let gone = Input {
        key: "sources/gone".into(),
        bytes: 7,
    };
    for spec in [
        specs::probe(&gone),
        specs::encode(&gone, (320, 180), 25, "ultrafast", false),
        specs::thumbnails(&gone, 4.0),
    ] {
        let failure = farm.fail(&farm.task(spec)).await;
        assert_eq!(
            (failure.code.as_str(), failure.permanent),
            ("input_missing", false)
        );
    }
    farm.scratch_is_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_comes_too_late_deletes_nothing() {
    let farm = Farm::new().await;
    let source = farm
        .store(&sources::film(farm.folder.path(), "320x180", 25))
        .await;
    let task = farm.task(specs::encode(&source, (320, 180), 25, "ultrafast", false));
    let part = farm.part(&task).await;
    let run = farm.started(&task).await;
    farm.stop(run.run).await;
    still_works(&farm).await;
    assert_eq!(
        farm.objects.head(&part.key).await.unwrap().bytes,
        part.bytes
    );
}
