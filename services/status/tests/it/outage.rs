//! An outage of status must not look like the death of every worker.

use crate::{
    fake::Fake,
    world::{LEASE, World, config, in_both_worlds, until},
};
use reelmill_domain::lane::Lane;
use reelmill_embedded::EmbeddedBroker;
use reelmill_status::StatusConfig;
use std::time::Duration;

in_both_worlds!(what_runs_goes_on_while_status_is_away);

async fn what_runs_goes_on_while_status_is_away(world: World) {
    let status = world.status().await;
    let mut worker = Fake::start(&world, 1).await;
    let job = world.submit(&["mkv"]).await;
    worker.work_off(&world, 1).await;
    let run = worker.take(&Lane::encode()).await;
    status.until_state(job.id, "encoding").await;
    status.stop().await;
    // The lease lapses, while the worker goes on renewing: its renewals wait in the broker.
    world.pass(LEASE).await;
    let status = world.status().await;
    // Status judges: what nobody starts is taken back by then, and what runs is not.
    let quiet = world.submit(&["webm"]).await;
    worker.take_silently(&Lane::light()).await;
    until("status has judged", async || {
        let again = worker
            .take_within(&Lane::light(), Duration::from_millis(50))
            .await;
        again.filter(|run| run.message.job == quiet.id && run.run.attempt > 1)
    })
    .await;
    assert!(!worker.was_stopped(run.run.run));
    worker.succeed(&world, &run).await;
    let assemble = worker.take(&Lane::light()).await;
    assert_eq!(assemble.run.attempt, 1);
    worker.succeed(&world, &assemble).await;
    status.until_state(job.id, "completed").await;
    assert!(
        worker
            .take_within(&Lane::encode(), Duration::from_millis(300))
            .await
            .is_none(),
        "work was doubled"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_alone_takes_over_from_its_dead_predecessors_at_once() {
    let mut world = World::embedded().await;
    let long = || StatusConfig {
        lease: Duration::from_secs(600),
        alone: true,
        ..config()
    };
    let status = world.status_with(long()).await;
    let mut worker = Fake::start(&world, 1).await;
    let job = world.submit(&["mkv", "webm"]).await;
    worker.work_off(&world, 1).await;
    let run = worker.take(&Lane::encode()).await;
    status.until_state(job.id, "encoding").await;
    // Another one is dispatched beside it. Then all is lost but the database.
    until("two are released", async || {
        (status.json("/api/v1/stats").await["lanes"][0]["busy"] == 2).then_some(())
    })
    .await;
    status.stop().await;
    drop(worker);
    // More deaths than a task may have failures and losses together: they are not its fault.
    for attempt in 2..=8 {
        world.broker = EmbeddedBroker::new();
        let status = world.status_with(long()).await;
        let mut worker = Fake::start(&world, 2).await;
        let again = [
            worker.take(&Lane::encode()).await,
            worker.take(&Lane::encode()).await,
        ];
        assert!(again.iter().any(|r| r.run.task == run.run.task));
        assert!(again.iter().all(|r| r.run.attempt == attempt));
        status.stop().await;
    }
    world.broker = EmbeddedBroker::new();
    let status = world.status_with(long()).await;
    let mut worker = Fake::start(&world, 2).await;
    for _ in 0..2 {
        let run = worker.take(&Lane::encode()).await;
        worker.succeed(&world, &run).await;
    }
    worker.work_off(&world, 2).await;
    let view = status.until_state(job.id, "completed").await;
    assert_eq!(view["outputs"][0]["failures"], 0);
}
