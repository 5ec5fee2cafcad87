//! The sweeper takes exactly what it should.

use crate::{
    begun::Begun,
    fake::Fake,
    world::{World, config, in_both_worlds, until},
};
use reelmill_domain::{
    event::JobEvent,
    id::{FileId, JobId},
    keys,
    lane::Lane,
};
use reelmill_objects::Unfinished;
use reelmill_status::StatusConfig;
use reelmill_store::ConnectionTrait;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use uuid::Uuid;

in_both_worlds!(work_files_and_strays_go_at_the_end_and_outputs_stay);

async fn work_files_and_strays_go_at_the_end_and_outputs_stay(world: World) {
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
    // Nothing goes while the job lives.
    world.swept().await;
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

in_both_worlds!(expired_outputs_are_410_and_their_files_go);

async fn expired_outputs_are_410_and_their_files_go(world: World) {
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

in_both_worlds!(a_deleted_job_leaves_nothing_but_its_source_s_upload);

async fn a_deleted_job_leaves_nothing_but_its_source_s_upload(world: World) {
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

in_both_worlds!(a_file_that_can_t_be_deleted_holds_up_no_other);

async fn a_file_that_can_t_be_deleted_holds_up_no_other(world: World) {
    let good = "sources/good";
    world.objects.put_bytes(good, "x".into()).await.unwrap();
    // The store refuses the first key for good; it is the first in every round.
    for key in ["sources/../bad", good] {
        world.doomed(key).await;
        world.pass(Duration::from_millis(1)).await;
    }
    let _status = world.status().await;
    until("the other file is gone", async || {
        world.objects_under(good).await.is_empty().then_some(())
    })
    .await;
}

in_both_worlds!(what_is_told_after_the_last_sweep_goes_as_well);

async fn what_is_told_after_the_last_sweep_goes_as_well(world: World) {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_begun_and_never_ended_goes_and_what_may_go_on_stays() {
    let mut world = World::embedded().await;
    let goes_on = world.submit(&["mkv"]).await;
    let ended = world.submit(&["mkv"]).await;
    let folder = world.objects.clone();
    let begun = |key: String, age_s| Unfinished {
        id: key.clone(),
        key,
        age_s,
    };
    let (unknown, old) = (FileId(Uuid::now_v7()), 86_400);
    let open = world.open_upload().await;
    let stays = [
        begun(open, old),
        begun(keys::source(FileId(Uuid::now_v7())), 30),
        begun(format!("{}part", keys::work_prefix(goes_on.id)), old),
    ];
    let goes = [
        begun(keys::source(unknown), old),
        begun(ended.input.key.clone(), old),
        begun(
            format!("{}part", keys::work_prefix(JobId(Uuid::now_v7()))),
            old,
        ),
        // Young, but its job is over and so are its runs.
        begun(format!("{}x", keys::output_prefix(ended.id)), 30),
    ];
    let store = Arc::new(Begun {
        inner: folder,
        unfinished: Mutex::new(stays.iter().chain(&goes).cloned().collect()),
    });
    world.objects = store.clone();
    let hasty = StatusConfig {
        lease: Duration::from_millis(100),
        ..config()
    };
    let _status = world.status_with(hasty).await;
    world.wish(ended.id, JobEvent::Cancel).await;
    until("only what may go on is left", async || {
        let left = store.unfinished.lock().unwrap().clone();
        (left.len() <= stays.len()).then_some(left)
    })
    .await
    .iter()
    .for_each(|left| assert!(stays.contains(left), "{left:?}"));
    world.swept().await;
    assert_eq!(store.unfinished.lock().unwrap().len(), stays.len());
}
