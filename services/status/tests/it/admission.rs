//! Workers that an operator admits: one that starts a task before is refused, and another gets it.

use crate::{
    fake::Fake,
    world::{World, config, in_both_worlds, until},
};
use reelmill_domain::{api::WorkerState, id::WorkerId, lane::Lane, wire::WorkerEventBody};
use reelmill_status::StatusConfig;
use reelmill_store::workers;
use std::time::Duration;
use tokio::{sync::oneshot, time::Instant};

async fn enable(world: &World, worker: WorkerId) {
    until("the worker is heard and enabled", async || {
        let wanted = workers::want(world.store.db(), worker, WorkerState::Live).await;
        wanted.unwrap().then_some(())
    })
    .await;
}

in_both_worlds!(a_start_of_a_worker_that_is_not_admitted_is_refused);

async fn a_start_of_a_worker_that_is_not_admitted_is_refused(world: World) {
    let status = world
        .status_with(StatusConfig {
            require_enable: true,
            ..config()
        })
        .await;
    let mut admitted = Fake::start(&world, 1).await;
    enable(&world, admitted.info.id).await;
    let mut stranger = Fake::start_named(&world, "stranger", 1).await;
    until("the stranger is known", async || {
        let found = workers::find(world.store.db(), stranger.info.id).await;
        found.unwrap().filter(|w| w.wanted == WorkerState::Disabled)
    })
    .await;

    // Both could have it; the stranger asks first.
    let job = world.submit(&["mkv"]).await;
    let refused = stranger.take(&Lane::light()).await;
    until("its run is stopped", async || {
        stranger.was_stopped(refused.run.run).then_some(())
    })
    .await;
    drop(stranger);
    let probe = admitted.take(&Lane::light()).await;
    assert_eq!(
        (probe.run.task, probe.run.attempt),
        (refused.run.task, refused.run.attempt + 1)
    );
    // Told again, it stops nothing that an admitted worker runs.
    until("it runs", async || {
        let view = status.job(job.id).await;
        (view["state"] == "probing").then_some(())
    })
    .await;
    let body = WorkerEventBody::Started {
        run: probe.run,
        job: job.id,
    };
    admitted.say(body).await;
    admitted.succeed(&world, &probe).await;
    let view = status.until_state(job.id, "encoding").await;
    assert_eq!(view["outputs"][0]["failures"], 0);
    assert!(!admitted.was_stopped(probe.run.run));
    admitted.work_off(&world, 2).await;
    status.until_state(job.id, "completed").await;
}

in_both_worlds!(a_worker_that_is_admitted_by_its_name_starts_at_once);

async fn a_worker_that_is_admitted_by_its_name_starts_at_once(world: World) {
    let config = StatusConfig {
        require_enable: true,
        ..config()
    };
    let status = world.status_with(config).await;
    let first = Fake::start_named(&world, "known", 1).await;
    enable(&world, first.info.id).await;
    drop(first);
    let mut second = Fake::start_named(&world, "known", 1).await;
    let job = world.submit(&["mkv"]).await;
    second.work_off(&world, 3).await;
    let view = status.until_state(job.id, "completed").await;
    assert_eq!(view["outputs"][0]["failures"], 0);
}

in_both_worlds!(a_start_that_overtook_what_its_worker_said_of_itself_waits_for_it);

async fn a_start_that_overtook_what_its_worker_said_of_itself_waits_for_it(world: World) {
    let config = StatusConfig {
        require_enable: true,
        ..config()
    };
    let status = world.status_with(config).await;
    // Tasks are released for it; it takes none.
    let known = Fake::start_named(&world, "known", 1).await;
    enable(&world, known.info.id).await;
    let (speak, spoken) = oneshot::channel::<()>();
    let silence = async { spoken.await.unwrap() };
    let mut late = Fake::start_silent(&world, "known", 1, silence).await;
    let job = world.submit(&["mkv"]).await;
    let probe = late.take(&Lane::light()).await;
    // Refusing takes far less than this.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(1) {
        assert!(!late.was_stopped(probe.run.run), "it was refused unheard");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    speak.send(()).unwrap();
    until("it runs", async || {
        (status.job(job.id).await["state"] == "probing").then_some(())
    })
    .await;
    late.succeed(&world, &probe).await;
    let view = status.until_state(job.id, "encoding").await;
    assert_eq!(view["outputs"][0]["failures"], 0);
    late.work_off(&world, 2).await;
    status.until_state(job.id, "completed").await;

    // One that never says who it is is refused all the same.
    let mut nobody = Fake::start_silent(&world, "nobody", 1, std::future::pending()).await;
    world.submit(&["mkv"]).await;
    let refused = nobody.take(&Lane::light()).await;
    until("its run is stopped", async || {
        nobody.was_stopped(refused.run.run).then_some(())
    })
    .await;
}
