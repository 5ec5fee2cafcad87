//! What a worker does by itself: it takes no tasks without room, ends when it is idle, and lets go of its runs when it
//! stood still for too long.

use crate::farm::{Farm, sources, specs, until};
use reelmill_domain::{lane::Lane, wire::WorkerEventBody, worker::WorkerInfo};
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use std::{
    fs::File,
    time::{Duration, Instant},
};

const MIB: u64 = 1 << 20;

fn slots(info: &WorkerInfo) -> Vec<(u16, u16)> {
    info.lanes.iter().map(|l| (l.slots, l.free)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_room_it_takes_nothing_and_with_room_again_it_goes_on() {
    // A file system that nobody else fills meanwhile.
    let disk = tempfile::tempdir_in("/dev/shm").unwrap();
    let free = || {
        let disk = statvfs(disk.path()).unwrap();
        disk.f_bavail * disk.f_frsize
    };
    let farm = Farm::with(|config| {
        config.scratch = disk.path().join("scratch");
        config.min_free_scratch = free() - 16 * MIB;
        config.renew_every = Duration::from_millis(200);
    })
    .await;
    farm.renewal(|info, _| slots(info) == [(1, 1), (1, 1)])
        .await;
    let ballast = disk.path().join("ballast");
    let file = File::create(&ballast).unwrap();
    fallocate(&file, FallocateFlags::empty(), 0, 32 * MIB).unwrap();
    farm.renewal(|info, _| slots(info) == [(0, 0), (0, 0)])
        .await;
    let source = farm.store(&sources::bunny(farm.folder.path())).await;
    let task = farm.task(specs::probe(&source));
    farm.send(&task).await;
    for _ in 0..3 {
        farm.renewal(|_, runs| runs.is_empty()).await;
    }
    drop(file);
    std::fs::remove_file(ballast).unwrap();
    let run = farm.started(&task).await;
    let end = farm.end(run.run).await;
    assert!(matches!(end, WorkerEventBody::Succeeded { .. }), "{end:?}");
    farm.renewal(|info, _| slots(info) == [(1, 1), (1, 1)])
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_worker_ends_in_order_but_not_while_it_works() {
    let idle = Duration::from_millis(1500);
    // Made before, since the worker waits for nobody.
    let folder = tempfile::tempdir().unwrap();
    let film = sources::film(folder.path(), "640x360", 3000);
    let mut farm = Farm::with(|config| {
        config.exit_when_idle = Some(idle);
        config.renew_every = Duration::from_millis(100);
    })
    .await;
    let task = farm.task(specs::long_encode(&farm.store(&film).await));
    farm.send(&task).await;
    let run = farm.started(&task).await;
    let began = Instant::now();
    while began.elapsed() < idle * 2 {
        farm.renewal(|_, runs| runs.contains(&run)).await;
    }
    farm.stop(run.run).await;
    farm.ended().await.unwrap();
    farm.event(|e| matches!(e.body, WorkerEventBody::Bye).then_some(()))
        .await;
}

/// One thread for the test and the worker: while it sleeps, the worker stands still, and ffmpeg goes on.
#[tokio::test(flavor = "current_thread")]
async fn a_worker_that_stood_still_lets_go_of_its_runs() {
    let lease = Duration::from_secs(2);
    let farm = Farm::with(|config| config.lease = Some(lease)).await;
    let film = sources::film(farm.folder.path(), "640x360", 3000);
    let task = farm.task(specs::long_encode(&farm.store(&film).await));
    farm.send(&task).await;
    let run = farm.started(&task).await;
    farm.tool_of(run.run).await;
    std::thread::sleep(lease * 2);
    assert!(farm.find_tool(run.run).is_some(), "ffmpeg went on alone");
    let thawed = Instant::now();
    let gone = || farm.find_tool(run.run).is_none().then_some(());
    until(gone, "ffmpeg lives on").await;
    assert!(thawed.elapsed() < lease, "{:?}", thawed.elapsed());
    farm.renewal(|_, runs| runs.is_empty()).await;
    farm.scratch_is_clean().await;
    let told = farm.events().into_iter().any(|event| {
        matches!(
            event.body,
            WorkerEventBody::Succeeded { .. }
                | WorkerEventBody::Failed { .. }
                | WorkerEventBody::Released { .. }
        )
    });
    assert!(!told, "it told of a run that is not its own any more");
    assert!(farm.keys("work/").await.is_empty());
    let source = farm.store(&sources::bunny(farm.folder.path())).await;
    farm.make(&farm.task(specs::probe(&source))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lanes_share_the_encode_slots_and_none_starves() {
    let gpu = Lane("encode-gpu".into());
    let farm = Farm::with(|config| config.lanes.push(gpu.clone())).await;
    let film = sources::film(farm.folder.path(), "640x360", 3000);
    let source = farm.store(&film).await;
    let long = farm.task(specs::long_encode(&source));
    farm.send(&long).await;
    let run = farm.started(&long).await;
    let mut other = farm.task(specs::encode(&source, (640, 360), 3000, "ultrafast", false));
    other.lane = gpu.clone();
    farm.send(&other).await;
    for _ in 0..2 {
        let info = farm.renewal(|_, runs| runs == [run]).await;
        assert_eq!(slots(&info), [(1, 1), (1, 0), (1, 0)]);
    }
    farm.stop(run.run).await;
    farm.part(&farm.task(specs::encode(&source, (640, 360), 3000, "ultrafast", false)))
        .await;
    let run = farm.started(&other).await;
    farm.end(run.run).await;
}

#[cfg(feature = "bench")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_that_make_nothing_go_the_whole_way() {
    use reelmill_domain::spec::TaskSpec;
    let farm = Farm::with(|config| config.slots = 8).await;
    let tasks: Vec<_> = (0..200).map(|_| farm.task(TaskSpec::Noop)).collect();
    for task in &tasks {
        farm.send(task).await;
    }
    for task in &tasks {
        let run = farm.started(task).await;
        farm.end(run.run).await;
    }
    let asleep = farm.task(TaskSpec::Sleep { ms: 3_600_000 });
    farm.send(&asleep).await;
    let run = farm.started(&asleep).await;
    farm.stop(run.run).await;
    farm.renewal(|_, runs| runs.is_empty()).await;
}
