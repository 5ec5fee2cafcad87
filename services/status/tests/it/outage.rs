//! An outage of status must not look like the death of every worker.

use crate::{
    fake::Fake,
    world::{LEASE, World},
};
use reelmill_domain::lane::Lane;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_goes_on_while_status_is_away() {
    let world = World::new().await;
    let status = world.status().await;
    let mut worker = Fake::start(&world, 1).await;
    let job = world.submit(&["mkv"]).await;
    worker.work_off(&world, 1).await;
    let run = worker.take(&Lane::encode()).await;
    status.until_state(job.id, "encoding").await;
    status.stop().await;
    // The lease lapses, while the worker goes on renewing: its renewals wait in the broker.
    tokio::time::sleep(LEASE + Duration::from_secs(1)).await;
    let status = world.status().await;
    // Longer than status takes to judge.
    tokio::time::sleep(2 * LEASE + Duration::from_secs(1)).await;
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
