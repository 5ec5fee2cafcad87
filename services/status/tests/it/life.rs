//! Jobs from their submission to their end.

use crate::{
    fake::{Fake, MADE},
    world::{World, in_both_worlds, until},
};
use reelmill_domain::{
    event::JobEvent,
    id::{RunId, TaskId},
    lane::Lane,
    wire::{RunRef, WorkerEventBody},
};
use std::{collections::BTreeMap, time::Duration};
use uuid::Uuid;

in_both_worlds!(a_job_runs_to_completion);

async fn a_job_runs_to_completion(world: World) {
    let status = world.status().await;
    let job = world.submit(&["mkv", "webm"]).await;
    let view = status.job(job.id).await;
    assert_eq!(view["state"], "queued");
    assert_eq!(view["position"], 1);
    assert_eq!(view["waiting_for"], "no live worker takes lane light");

    let mut worker = Fake::start(&world, 2).await;
    let probe = worker.take(&Lane::light()).await;
    status.until_state(job.id, "probing").await;
    worker.succeed(&world, &probe).await;
    let (a, b) = (
        worker.take(&Lane::encode()).await,
        worker.take(&Lane::encode()).await,
    );
    let view = status.until_state(job.id, "encoding").await;
    assert_eq!(view["waiting_for"], serde_json::Value::Null);
    assert_eq!(view["source"]["media"]["width"], 640);
    assert_eq!(view["source"]["sha256"], "ab".repeat(32));

    worker.progress(&a, 0.5, 1).await;
    let seen = async || {
        let view = status.job(job.id).await;
        let output = view["outputs"]
            .as_array()
            .unwrap()
            .iter()
            .find(|o| o["frames_done"] == 125)?
            .clone();
        Some((
            view["progress"].as_f64().unwrap(),
            output["progress"].as_f64().unwrap(),
        ))
    };
    let (whole, part) = until("progress shows", seen).await;
    assert!(0.0 < whole && whole < part && part <= 0.5, "{whole} {part}");
    worker.progress(&a, 0.2, 2).await;

    for run in [&a, &b] {
        worker.succeed(&world, run).await;
    }
    status.until_state(job.id, "finishing").await;
    for _ in 0..2 {
        let run = worker.take(&Lane::light()).await;
        assert_eq!(run.message.parts.len(), 1);
        worker.succeed(&world, &run).await;
    }
    let view = status.until_state(job.id, "completed").await;
    assert_eq!(view["progress"], 1.0);
    for output in view["outputs"].as_array().unwrap() {
        assert_eq!(output["state"], "published");
        let file = status.get(output["url"].as_str().unwrap()).await;
        assert_eq!(file.status(), 200);
        assert_eq!(file.bytes().await.unwrap(), MADE);
    }
    assert_eq!(view["outputs"][0]["files"][0]["name"], "clip.mkv");
}

in_both_worlds!(repeated_late_and_foreign_events_change_nothing);

async fn repeated_late_and_foreign_events_change_nothing(world: World) {
    let status = world.status().await;
    let mut worker = Fake::start(&world, 1).await;
    let job = world.submit(&["mkv"]).await;
    let probe = worker.take(&Lane::light()).await;
    let success = worker.success(&world, &probe).await;
    worker.say(success.clone()).await;
    worker.say(success.clone()).await;
    let encode = worker.take(&Lane::encode()).await;
    // Its start comes again, an intruder's comes late, and one of a task that never was.
    worker
        .say(WorkerEventBody::Started {
            run: encode.run,
            job: job.id,
        })
        .await;
    let intruder = RunRef {
        run: RunId(Uuid::now_v7()),
        ..encode.run
    };
    worker
        .say(WorkerEventBody::Started {
            run: intruder,
            job: job.id,
        })
        .await;
    let ghost = RunRef {
        task: TaskId(Uuid::now_v7()),
        attempt: 1,
        run: RunId(Uuid::now_v7()),
    };
    worker
        .say(WorkerEventBody::Started {
            run: ghost,
            job: job.id,
        })
        .await;
    worker.say(success).await;
    for run in [intruder.run, ghost.run] {
        until("the intruder is stopped", async || {
            worker.was_stopped(run).then_some(())
        })
        .await;
    }
    worker.succeed(&world, &encode).await;
    let assemble = worker.take(&Lane::light()).await;
    worker.succeed(&world, &assemble).await;
    let view = status.until_state(job.id, "completed").await;
    assert_eq!(view["outputs"][0]["failures"], 0);
    assert!(!worker.was_stopped(encode.run.run) && !worker.was_stopped(probe.run.run));
    assert_eq!(assemble.run.attempt, 1);
}

in_both_worlds!(failures_are_counted_and_end_the_output);

async fn failures_are_counted_and_end_the_output(world: World) {
    let status = world.status().await;
    let mut worker = Fake::start(&world, 1).await;
    let job = world.submit(&["mkv"]).await;
    worker.work_off(&world, 1).await;
    for attempt in 1..=3 {
        let run = worker.take(&Lane::encode()).await;
        assert_eq!(run.run.attempt, attempt);
        worker.fail(&run, false).await;
    }
    let view = status.until_state(job.id, "failed").await;
    assert_eq!(view["outputs"][0]["failures"], 3);
    assert_eq!(view["outputs"][0]["error"]["code"], "broken");
    assert_eq!(view["error"]["code"], "broken");
}

in_both_worlds!(the_task_of_a_silent_worker_goes_to_another);

async fn the_task_of_a_silent_worker_goes_to_another(world: World) {
    let status = world.status().await;
    let mut silent = Fake::start(&world, 1).await;
    let job = world.submit(&["mkv"]).await;
    silent.work_off(&world, 1).await;
    let lost = silent.take(&Lane::encode()).await;
    status.until_state(job.id, "encoding").await;
    let late = silent.success(&world, &lost).await;
    drop(silent);
    let mut worker = Fake::start(&world, 1).await;
    let again = worker.take(&Lane::encode()).await;
    assert_eq!((again.run.task, again.run.attempt), (lost.run.task, 2));
    // The dead speaks: what it made counts no more, and it is to delete it.
    worker.say(late).await;
    until("the late run is stopped", async || {
        worker.was_stopped(lost.run.run).then_some(())
    })
    .await;
    worker.succeed(&world, &again).await;
    worker.work_off(&world, 1).await;
    let view = status.until_state(job.id, "completed").await;
    assert_eq!(view["outputs"][0]["failures"], 0, "a loss is no failure");
}

in_both_worlds!(two_replicas_release_no_task_twice);

async fn two_replicas_release_no_task_twice(world: World) {
    let (one, two) = (world.status().await, world.status().await);
    let mut worker = Fake::start(&world, 2).await;
    let mut jobs = Vec::new();
    for _ in 0..6 {
        jobs.push(world.submit(&["mkv", "webm"]).await.id);
    }
    let mut seen: BTreeMap<TaskId, u32> = BTreeMap::new();
    for _ in 0..jobs.len() * 5 {
        let patience = Duration::from_millis(20);
        let run = loop {
            if let Some(run) = worker.take_within(&Lane::light(), patience).await {
                break run;
            }
            if let Some(run) = worker.take_within(&Lane::encode(), patience).await {
                break run;
            }
        };
        *seen.entry(run.run.task).or_default() += 1;
        assert_eq!(run.run.attempt, 1, "released again");
        worker.succeed(&world, &run).await;
    }
    for (job, status) in jobs.iter().zip([&one, &two].into_iter().cycle()) {
        status.until_state(*job, "completed").await;
    }
    assert_eq!(seen.len(), 30);
    assert!(seen.values().all(|n| *n == 1));
    assert!(
        worker
            .take_within(&Lane::light(), Duration::from_millis(300))
            .await
            .is_none()
    );
}

in_both_worlds!(cancelling_and_deleting_stop_what_runs);

async fn cancelling_and_deleting_stop_what_runs(world: World) {
    let status = world.status().await;
    let mut worker = Fake::start(&world, 2).await;
    let (cancelled, deleted) = (world.submit(&["mkv"]).await, world.submit(&["mkv"]).await);
    worker.work_off(&world, 2).await;
    let (a, b) = (
        worker.take(&Lane::encode()).await,
        worker.take(&Lane::encode()).await,
    );
    status.until_state(cancelled.id, "encoding").await;
    status.until_state(deleted.id, "encoding").await;
    // Never heard of the start yet, perhaps: a renewal is answered as well.
    world.wish(cancelled.id, JobEvent::Cancel).await;
    world.delete(deleted.id).await;
    for run in [&a, &b] {
        until("it is stopped", async || {
            worker.was_stopped(run.run.run).then_some(())
        })
        .await;
        worker.forget(run);
    }
    assert_eq!(status.job(cancelled.id).await["state"], "cancelled");
    assert_eq!(
        status
            .get(&format!("/api/v1/jobs/{}", deleted.id))
            .await
            .status(),
        404
    );
}

in_both_worlds!(a_release_that_the_broker_lost_comes_again);

async fn a_release_that_the_broker_lost_comes_again(world: World) {
    let status = world.status().await;
    let mut worker = Fake::start(&world, 1).await;
    let job = world.submit(&["mkv"]).await;
    // Taken from the broker and forgotten, as if it had crashed.
    let lost = worker.take_silently(&Lane::light()).await;
    assert_eq!(lost.attempt, 1);
    let run = worker.take(&Lane::light()).await;
    assert_eq!((run.run.task, run.run.attempt), (lost.task, 2));
    worker.succeed(&world, &run).await;
    status.until_state(job.id, "encoding").await;
}
