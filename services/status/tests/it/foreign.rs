//! Events that this version can't take in: one of a newer version waits for a newer status, one that can never be applied is
//! left aside; neither keeps the others from being taken in.

use crate::{
    fake::Fake,
    world::{SOON, World, in_both_worlds},
};
use reelmill_domain::{
    event::{Failure, TaskResult},
    id::{EventId, RunId},
    lane::Lane,
    wire::{RunRef, SCHEMA, WorkerEvent, WorkerEventBody},
};
use reelmill_store::ConnectionTrait;
use uuid::Uuid;

fn event(worker: &Fake, schema: u16, body: WorkerEventBody) -> WorkerEvent {
    WorkerEvent {
        schema,
        id: EventId(Uuid::now_v7()),
        worker: worker.info.id,
        body,
        trace: None,
    }
}

fn failure() -> Failure {
    Failure {
        code: "broken".into(),
        message: "It broke.".into(),
        log_tail: None,
        permanent: true,
        avoid_worker: false,
    }
}

in_both_worlds!(an_event_of_a_newer_version_waits_for_a_newer_status);

async fn an_event_of_a_newer_version_waits_for_a_newer_status(world: World) {
    let status = world.status().await;
    let mut worker = Fake::start(&world, 1).await;
    let job = world.submit(&["mkv"]).await;
    let probe = worker.take(&Lane::light()).await;
    // Taken in as one of ours, it would fail the job.
    let newer = WorkerEventBody::Failed {
        run: probe.run,
        job: job.id,
        failure: failure(),
    };
    let newer = event(&worker, SCHEMA + 1, newer);
    for _ in 0..10 {
        world.broker.publish_event(&newer).await.unwrap();
    }
    // What comes after them is taken in.
    worker.succeed(&world, &probe).await;
    worker.work_off(&world, 2).await;
    let view = status.until_state(job.id, "completed").await;
    assert_eq!(view["outputs"][0]["failures"], 0);
    status.stop().await;
    drop(worker);

    // A newer status.
    let mut events = world.broker.consume_events().await.unwrap();
    let mut found = 0;
    while found < 10 {
        let next = tokio::time::timeout(SOON, events.next()).await;
        let delivery = next.expect("an event was lost").unwrap();
        if delivery.message.schema > SCHEMA {
            assert_eq!(delivery.message, newer);
            assert!(delivery.redelivered, "it was never handed out");
            found += 1;
        }
        delivery.ack().await.unwrap();
    }
}

in_both_worlds!(an_event_that_can_never_be_applied_stops_nothing);

async fn an_event_that_can_never_be_applied_stops_nothing(world: World) {
    let status = world.status().await;
    let mut worker = Fake::start(&world, 1).await;
    let (bad, good) = (world.submit(&["mkv"]).await, world.submit(&["mkv"]).await);
    let mut probes = vec![
        worker.take(&Lane::light()).await,
        worker.take(&Lane::light()).await,
    ];
    status.until_state(bad.id, "probing").await;
    status.until_state(good.id, "probing").await;
    // As a newer version might have written it.
    let spoil = format!(
        "UPDATE jobs SET state_json = 'of a newer version' WHERE id = x'{}'",
        bad.id.0.simple()
    );
    world.store.db().execute_unprepared(&spoil).await.unwrap();
    let place = probes.iter().position(|p| p.message.job == bad.id).unwrap();
    let poison = probes.remove(place);
    worker.succeed(&world, &poison).await;
    // A task that is not of its job, and a result that is not of its task.
    let foreign = RunRef {
        run: RunId(Uuid::now_v7()),
        ..probes[0].run
    };
    for body in [
        WorkerEventBody::Succeeded {
            run: foreign,
            job: bad.id,
            result: TaskResult::Made {
                files: Vec::new(),
                media: Default::default(),
                warnings: Vec::new(),
            },
        },
        WorkerEventBody::Started {
            run: foreign,
            job: reelmill_domain::id::JobId(Uuid::now_v7()),
        },
    ] {
        let event = event(&worker, SCHEMA, body);
        world.broker.publish_event(&event).await.unwrap();
    }
    worker.succeed(&world, &probes[0]).await;
    worker.work_off(&world, 2).await;
    status.until_state(good.id, "completed").await;
}
