//! A broker that goes away: no result is lost, no task is lost, and the worker is there again when the broker is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test speaks by panicking"
)]

mod farm;

use async_trait::async_trait;
use farm::{Farm, sources, specs, until};
use reelmill_broker::{Broker, BrokerError, DeadTask, Messages};
use reelmill_domain::{
    lane::Lane,
    wire::{Control, JobHint, Progress, TaskMessage, WorkerEvent, WorkerEventBody},
};
use reelmill_embedded::EmbeddedBroker;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// The way to a broker, which can be cut.
struct Line {
    broker: Arc<EmbeddedBroker>,
    cut: AtomicBool,
    refused: AtomicUsize,
}

impl Line {
    fn up(&self) -> Result<(), BrokerError> {
        if !self.cut.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.refused.fetch_add(1, Ordering::SeqCst);
        Err(BrokerError::Unreachable {
            attempt: "anything",
            cause: "the line is cut".into(),
        })
    }

    /// Cuts the line, and waits until the worker has run into it.
    async fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        let before = self.refused.load(Ordering::SeqCst);
        until(
            || (self.refused.load(Ordering::SeqCst) > before).then_some(()),
            "the worker never noticed",
        )
        .await;
    }

    fn mend(&self) {
        self.cut.store(false, Ordering::SeqCst);
    }
}

#[async_trait]
impl Broker for Line {
    async fn publish_task(&self, message: &TaskMessage, ttl: Duration) -> Result<(), BrokerError> {
        self.up()?;
        self.broker.publish_task(message, ttl).await
    }
    async fn consume_tasks(&self, lane: &Lane) -> Result<Messages<TaskMessage>, BrokerError> {
        self.up()?;
        self.broker.consume_tasks(lane).await
    }
    async fn consume_dead(&self) -> Result<Messages<DeadTask>, BrokerError> {
        self.up()?;
        self.broker.consume_dead().await
    }
    async fn publish_event(&self, event: &WorkerEvent) -> Result<(), BrokerError> {
        self.up()?;
        self.broker.publish_event(event).await
    }
    async fn consume_events(&self) -> Result<Messages<WorkerEvent>, BrokerError> {
        self.up()?;
        self.broker.consume_events().await
    }
    async fn publish_job(&self, hint: &JobHint) -> Result<(), BrokerError> {
        self.up()?;
        self.broker.publish_job(hint).await
    }
    async fn consume_jobs(&self) -> Result<Messages<JobHint>, BrokerError> {
        self.up()?;
        self.broker.consume_jobs().await
    }
    async fn publish_progress(&self, progress: &Progress) -> Result<(), BrokerError> {
        self.up()?;
        self.broker.publish_progress(progress).await
    }
    async fn listen_progress(&self) -> Result<Messages<Progress>, BrokerError> {
        self.up()?;
        self.broker.listen_progress().await
    }
    async fn publish_control(&self, control: &Control) -> Result<(), BrokerError> {
        self.up()?;
        self.broker.publish_control(control).await
    }
    async fn listen_control(&self) -> Result<Messages<Control>, BrokerError> {
        self.up()?;
        self.broker.listen_control().await
    }
    async fn check(&self) -> Result<(), BrokerError> {
        self.up()?;
        self.broker.check().await
    }
}

/// A farm whose worker reaches the broker over a line that can be cut.
async fn farm() -> (Farm, Arc<Line>) {
    let mut line = None;
    let farm = Farm::over(
        |config| config.renew_every = Duration::from_millis(200),
        |broker| {
            let made = Arc::new(Line {
                broker,
                cut: AtomicBool::new(false),
                refused: AtomicUsize::new(0),
            });
            line = Some(made.clone());
            made
        },
        |objects| objects,
    )
    .await;
    (farm, line.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_waits_for_the_broker_and_is_told_once() {
    let (farm, line) = farm().await;
    let film = sources::film(farm.folder.path(), "320x180", 500);
    let source = farm.store(&film).await;
    let task = farm.task(specs::encode(&source, (320, 180), 500, "medium", false));
    farm.send(&task).await;
    let run = farm.started(&task).await;
    line.cut().await;
    // The part is stored while nobody can be told.
    let objects = farm.folder.path().join("objects/work");
    until(|| objects.exists().then_some(()), "nothing was stored").await;
    farm.scratch_is_clean().await;
    line.mend();
    let end = farm.end(run.run).await;
    assert!(matches!(end, WorkerEventBody::Succeeded { .. }), "{end:?}");
    farm.renewal(|_, runs| runs.is_empty()).await;
    let told = farm.events().into_iter().filter(|e| e.body == end).count();
    assert_eq!(told, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_could_not_be_started_is_not_lost() {
    let (farm, line) = farm().await;
    let source = farm.store(&sources::bunny(farm.folder.path())).await;
    line.cut().await;
    let task = farm.task(specs::probe(&source));
    farm.send(&task).await;
    farm.scratch_is_clean().await;
    line.mend();
    let run = farm.started(&task).await;
    let end = farm.end(run.run).await;
    assert!(matches!(end, WorkerEventBody::Succeeded { .. }), "{end:?}");
    let starts = farm
        .events()
        .into_iter()
        .filter(|e| matches!(e.body, WorkerEventBody::Started { .. }));
    assert_eq!(starts.count(), 1, "a start that was never told is none");
}
