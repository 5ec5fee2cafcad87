//! The sweeper takes exactly what it should.

use crate::{
    fake::Fake,
    world::{World, config, until},
};
use reelmill_domain::{
    event::JobEvent,
    id::{FileId, UploadId},
    keys,
    lane::Lane,
};
use reelmill_objects::ObjectStore;
use reelmill_status::StatusConfig;
use reelmill_store::{
    ConnectionTrait,
    refs::{self, Holder},
};
use std::time::Duration;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_files_and_strays_go_at_the_end_and_outputs_stay() {
    let world = World::new().await;
    let status = world.status().await;
    let mut worker = Fake::start(&world, 1).await;
    let job = world.submit(&["mkv"]).await;
    let (work, outputs) = (keys::work_prefix(job.id), keys::output_prefix(job.id));
    // What a run left that was lost.
    let stray = format!("{outputs}{}/9-x/stray", job.outputs[0].id);
    world
        .objects
        .put_bytes(&stray, "stray".into())
        .await
        .unwrap();
    worker.work_off(&world, 2).await;
    until("the job is being finished", async || {
        (!world.objects_under(&work).await.is_empty()).then_some(())
    })
    .await;
    // Long enough for the sweeper to come by: nothing goes while the job lives.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.objects_under(&work).await.len(), 1);
    assert_eq!(
        world.objects_under(&outputs).await,
        std::slice::from_ref(&stray)
    );
    worker.work_off(&world, 1).await;
    let view = status.until_state(job.id, "completed").await;
    until("the work files are gone", async || {
        let (work, outputs) = (
            world.objects_under(&work).await,
            world.objects_under(&outputs).await,
        );
        (work.is_empty() && outputs.len() == 1 && outputs[0] != stray).then_some(())
    })
    .await;
    assert_eq!(
        world.objects_under("sources/").await.len(),
        1,
        "the job holds its source"
    );
    assert_eq!(
        status
            .get(view["outputs"][0]["url"].as_str().unwrap())
            .await
            .status(),
        200
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expired_outputs_are_410_and_their_files_go() {
    let world = World::new().await;
    let soon = StatusConfig {
        retention_output_s: Some(2),
        retention_source_s: Some(0),
        ..config()
    };
    let status = world.status_with(soon).await;
    let mut worker = Fake::start(&world, 1).await;
    let job = world.submit(&["mkv"]).await;
    worker.work_off(&world, 3).await;
    let view = status.until_state(job.id, "completed").await;
    assert!(view["expires_at"].is_string());
    let url = view["outputs"][0]["url"].as_str().unwrap().to_owned();
    until("it has expired", async || {
        (status.get(&url).await.status() == 410).then_some(())
    })
    .await;
    let outputs = keys::output_prefix(job.id);
    until("its file is gone", async || {
        world.objects_under(&outputs).await.is_empty().then_some(())
    })
    .await;
    let view = status.job(job.id).await;
    assert_eq!(
        (&view["state"], &view["outputs"][0]["state"]),
        (&"completed".into(), &"expired".into())
    );
    assert_eq!(view["outputs"][0]["url"], serde_json::Value::Null);
    // The job has let go of its source, but the upload still holds it.
    assert_eq!(world.objects_under("sources/").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_job_leaves_nothing_but_its_source_s_upload() {
    let world = World::new().await;
    let status = world.status().await;
    let mut worker = Fake::start(&world, 1).await;
    let job = world.submit(&["mkv"]).await;
    worker.work_off(&world, 3).await;
    status.until_state(job.id, "completed").await;
    world.delete(job.id).await;
    let (work, outputs) = (keys::work_prefix(job.id), keys::output_prefix(job.id));
    until("its files are gone", async || {
        let left =
            world.objects_under(&work).await.len() + world.objects_under(&outputs).await.len();
        (left == 0).then_some(())
    })
    .await;
    assert_eq!(world.objects_under("sources/").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_can_t_be_deleted_holds_up_no_other() {
    let world = World::new().await;
    let good = "sources/good";
    world.objects.put_bytes(good, "x".into()).await.unwrap();
    // The store refuses the first key for good; it is the first in every round.
    for key in ["sources/../bad", good] {
        let upload = Holder::Upload(UploadId(Uuid::now_v7()));
        refs::add_file(world.store.db(), FileId(Uuid::now_v7()), key, 1, upload)
            .await
            .unwrap();
        refs::release(world.store.db(), upload).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let _status = world.status().await;
    until("the other file is gone", async || {
        world.objects_under(good).await.is_empty().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_after_the_last_sweep_goes_as_well() {
    let world = World::new().await;
    let status = world.status().await;
    let mut worker = Fake::start(&world, 1).await;
    let cancelled = world.submit(&["mkv"]).await;
    worker.work_off(&world, 1).await;
    let first = worker.take(&Lane::encode()).await;
    world.wish(cancelled.id, JobEvent::Cancel).await;
    status.until_state(cancelled.id, "cancelled").await;
    let deleted = world.submit(&["mkv"]).await;
    worker.work_off(&world, 1).await;
    let second = worker.take(&Lane::encode()).await;
    world.delete(deleted.id).await;
    until("both jobs have been swept for the last time", async || {
        let touch = "UPDATE prefix_sweeps SET prefix = prefix";
        let left = world.store.db().execute_unprepared(touch).await.unwrap();
        (left.rows_affected() == 0).then_some(())
    })
    .await;
    // A worker that heard of nothing comes back with what it made.
    for (job, run) in [(cancelled, first), (deleted, second)] {
        worker.succeed(&world, &run).await;
        until("its work is gone", async || {
            let left = world.objects_under(&keys::work_prefix(job.id)).await;
            left.is_empty().then_some(())
        })
        .await;
    }
}
