//! A worker on a real RabbitMQ: connections are cut under it, messages come again, and nothing is lost or run twice.

use crate::farm;
use crate::farm::{
    Farm,
    line::Line,
    rabbit::{self, Vhost},
    sources, specs, until,
};
use reelmill_domain::wire::{TaskMessage, WorkerEventBody};
use reelmill_encoder::EncoderConfig;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

/// As the worker calls its connections.
const WORKER: &str = "worker";

async fn farm(change: impl FnOnce(&mut EncoderConfig)) -> (Vhost, Farm, Arc<Line>) {
    let vhost = Vhost::make().await;
    let status = rabbit::connect(&vhost, "status").await;
    let line = Line::new(rabbit::connect(&vhost, WORKER).await);
    let farm = Farm::between(change, status, line.clone(), |objects| objects).await;
    (vhost, farm, line)
}

/// How often a task was said to have started, under how many runs, and how often to have succeeded.
fn told(farm: &Farm, task: &TaskMessage) -> (usize, usize, usize) {
    let (mut starts, mut ends) = (Vec::new(), 0);
    for event in farm.events() {
        match event.body {
            WorkerEventBody::Started { run, .. } if run.task == task.task => starts.push(run.run),
            WorkerEventBody::Succeeded { run, .. } if run.task == task.task => ends += 1,
            _ => {}
        }
    }
    let said = starts.len();
    starts.dedup();
    (said, starts.len(), ends)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_on_several_slots_each_run_once() {
    let (_vhost, farm, _) = farm(|config| config.slots = 3).await;
    let clip = farm.store(&sources::bunny(farm.folder.path())).await;
    let tasks: Vec<_> = (0..6)
        .flat_map(|n| {
            let film = specs::encode(&clip, (640, 360), 25, "ultrafast", false);
            let kinds = [specs::probe(&clip), film];
            kinds.into_iter().take(1 + n % 2)
        })
        .map(|spec| farm.task(spec))
        .collect();
    for task in &tasks {
        farm.send(task).await;
    }
    for task in &tasks {
        let run = farm.started(task).await;
        farm.end(run.run).await;
        assert_eq!(told(&farm, task), (1, 1, 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_connection_costs_nothing_that_runs_and_the_next_task_is_taken() {
    let (vhost, farm, _) = farm(|config| config.renew_every = Duration::from_millis(300)).await;
    let listed = async {
        loop {
            let listed = rabbit::connections(&vhost, WORKER).await;
            if listed.len() == 2 {
                return listed;
            }
            farm.renewal(|_, _| true).await;
        }
    };
    let connections = tokio::time::timeout(farm::SOON, listed).await.unwrap();
    let film = sources::film(farm.folder.path(), "640x360", 750);
    let source = farm.store(&film).await;
    let task = farm.task(specs::encode(&source, (640, 360), 750, "medium", false));
    farm.send(&task).await;
    let run = farm.started(&task).await;
    farm.tool_of(run.run).await;
    // Fails if they are not there.
    rabbit::cut(&vhost, &connections).await;
    farm.renewal(|_, runs| runs.contains(&run)).await;
    farm.end(run.run).await;
    assert_eq!(told(&farm, &task), (1, 1, 1));
    let clip = farm.store(&sources::bunny(farm.folder.path())).await;
    farm.make(&farm.task(specs::probe(&clip))).await;
    // Orders are heard again.
    let worker = farm.worker_id().await;
    let heard = async {
        loop {
            farm.drain(worker, true).await;
            if farm.renewal(|_, _| true).await.draining {
                return;
            }
        }
    };
    tokio::time::timeout(farm::SOON, heard).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_the_broker_sends_again_is_not_run_twice() {
    let (_vhost, farm, line) = farm(|_| {}).await;
    let film = sources::film(farm.folder.path(), "320x180", 250);
    let source = farm.store(&film).await;
    line.lose_acks.store(1, Ordering::SeqCst);
    let task = farm.task(specs::encode(&source, (320, 180), 250, "medium", false));
    farm.send(&task).await;
    let run = farm.started(&task).await;
    let again = || (line.redelivered.load(Ordering::SeqCst) == 1).then_some(());
    until(again, "it never came again").await;
    farm.end(run.run).await;
    farm.renewal(|_, runs| runs.is_empty()).await;
    assert_eq!(told(&farm, &task), (1, 1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_ends_gives_its_consumers_and_messages_back() {
    let (vhost, mut farm, _) = farm(|config| config.drain_grace = Duration::from_millis(200)).await;
    let film = sources::film(farm.folder.path(), "640x360", 3000);
    let source = farm.store(&film).await;
    let task = farm.task(specs::long_encode(&source));
    farm.send(&task).await;
    let run = farm.started(&task).await;
    let waits = farm.task(specs::long_encode(&source));
    farm.send(&waits).await;
    farm.end_worker().await.unwrap();
    let end = farm.end(run.run).await;
    assert!(matches!(end, WorkerEventBody::Released { .. }), "{end:?}");
    farm.event(|e| matches!(e.body, WorkerEventBody::Bye).then_some(()))
        .await;
    use reelmill_broker::Broker;
    let other = rabbit::connect(&vhost, "other").await;
    let mut next = other.consume_tasks(&waits.lane).await.unwrap();
    let taken = tokio::time::timeout(farm::SOON, next.next()).await;
    assert_eq!(taken.unwrap().unwrap().message.task, waits.task);
}
