//! A farm of one worker on the embedded broker and a folder, where the test plays status: it sends tasks, hears
//! events, gives orders.
#![allow(dead_code, reason = "each test file uses its part of the farm")]

pub mod door;
pub mod line;
pub mod rabbit;
pub mod sources;
pub mod specs;

use reelmill_broker::Broker;
use reelmill_domain::{
    event::{Failure, Part, TaskResult},
    id::{JobId, OutputId, RunId, TaskId, WorkerId},
    lane::Lane,
    spec::{Input, TaskSpec},
    wire::{Control, Order, Progress, RunRef, SCHEMA, TaskMessage, WorkerEvent, WorkerEventBody},
    worker::WorkerInfo,
};
use reelmill_embedded::EmbeddedBroker;
use reelmill_encoder::{EncoderConfig, EncoderError};
use reelmill_ffmpeg::{Tools, capabilities::abilities};
use reelmill_folder::FolderStore;
use reelmill_objects::ObjectStore;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Longer than any step of a healthy worker on a busy machine.
pub const SOON: Duration = Duration::from_secs(60);

/// Longer than any test.
const TTL: Duration = Duration::from_secs(600);

pub struct Farm {
    pub folder: TempDir,
    pub broker: Arc<dyn Broker>,
    pub objects: Arc<FolderStore>,
    pub shutdown: CancellationToken,
    worker: Option<JoinHandle<Result<(), EncoderError>>>,
    said: watch::Receiver<()>,
    events: Arc<Mutex<Vec<WorkerEvent>>>,
    progress: Arc<Mutex<Vec<Progress>>>,
    ears: Vec<JoinHandle<()>>,
}

impl Farm {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut EncoderConfig)) -> Self {
        Self::over(change, |broker| broker, |objects| objects).await
    }

    /// A farm whose worker reaches broker and store through something.
    pub async fn over(
        change: impl FnOnce(&mut EncoderConfig),
        to_broker: impl FnOnce(Arc<dyn Broker>) -> Arc<dyn Broker>,
        to_objects: impl FnOnce(Arc<FolderStore>) -> Arc<dyn ObjectStore>,
    ) -> Self {
        let broker: Arc<dyn Broker> = EmbeddedBroker::new();
        let workers = to_broker(broker.clone());
        Self::between(change, broker, workers, to_objects).await
    }

    /// A farm where status and the worker each have a way of their own to the broker.
    pub async fn between(
        change: impl FnOnce(&mut EncoderConfig),
        broker: Arc<dyn Broker>,
        workers: Arc<dyn Broker>,
        to_objects: impl FnOnce(Arc<FolderStore>) -> Arc<dyn ObjectStore>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let objects = FolderStore::open(&folder.path().join("objects")).unwrap();
        let tools = Tools::locate("ffmpeg", "ffprobe").unwrap();
        let able = abilities(&tools, 2).await.unwrap();
        let scratch = folder.path().join("scratch");
        let mut config = EncoderConfig::new("test", 1, scratch, tools, able);
        change(&mut config);

        let (events, progress) = (Arc::default(), Arc::default());
        let (tell, said) = watch::channel(());
        let mut ears = vec![hear_events(&broker, &events, tell).await];
        ears.push(hear_progress(&broker, &progress).await);
        let shutdown = CancellationToken::new();
        let worker = tokio::spawn(reelmill_encoder::run(
            config,
            workers,
            to_objects(objects.clone()),
            shutdown.clone(),
        ));
        let farm = Self {
            folder,
            broker,
            objects,
            shutdown,
            worker: Some(worker),
            said,
            events,
            progress,
            ears,
        };
        farm.renewal(|_, _| true).await;
        farm
    }

    pub fn scratch(&self) -> PathBuf {
        self.folder.path().join("scratch")
    }

    /// Puts a file into the store as a source.
    pub async fn store(&self, file: &Path) -> Input {
        let key = format!("sources/{}", Uuid::now_v7());
        let meta = self.objects.put_file(&key, file).await.unwrap();
        Input {
            key,
            bytes: meta.bytes,
        }
    }

    /// A task message for the lane that its kind goes to.
    pub fn task(&self, spec: TaskSpec) -> TaskMessage {
        let lane = match spec {
            TaskSpec::Encode(_) | TaskSpec::Thumbnails(_) => Lane::encode(),
            TaskSpec::Probe(_) | TaskSpec::Assemble(_) => Lane::light(),
            #[cfg(feature = "bench")]
            TaskSpec::Noop | TaskSpec::Sleep { .. } => Lane::encode(),
        };
        TaskMessage {
            schema: SCHEMA,
            task: TaskId(Uuid::now_v7()),
            attempt: 1,
            job: JobId(Uuid::now_v7()),
            output: Some(OutputId(Uuid::now_v7())),
            lane,
            spec,
            parts: Vec::new(),
            avoid: None,
            alone: false,
            trace: None,
        }
    }

    pub async fn send(&self, task: &TaskMessage) {
        self.broker.publish_task(task, TTL).await.unwrap();
    }

    /// Sends a task and waits for what it makes.
    pub async fn make(&self, task: &TaskMessage) -> TaskResult {
        self.send(task).await;
        let run = self.started(task).await;
        match self.end(run.run).await {
            WorkerEventBody::Succeeded { result, .. } => result,
            other => panic!("it should have succeeded: {other:?}"),
        }
    }

    /// Sends a task and waits for its failure.
    pub async fn fail(&self, task: &TaskMessage) -> Failure {
        self.send(task).await;
        let run = self.started(task).await;
        match self.end(run.run).await {
            WorkerEventBody::Failed { failure, .. } => failure,
            other => panic!("it should have failed: {other:?}"),
        }
    }

    /// Sends an encode and waits for its part.
    pub async fn part(&self, task: &TaskMessage) -> Part {
        match self.make(task).await {
            TaskResult::Encoded { part } => part,
            other => panic!("it should have made a part: {other:?}"),
        }
    }

    pub async fn started(&self, task: &TaskMessage) -> RunRef {
        self.event(|event| match &event.body {
            WorkerEventBody::Started { run, .. } if run.task == task.task => Some(*run),
            _ => None,
        })
        .await
    }

    /// How a run ended.
    pub async fn end(&self, id: RunId) -> WorkerEventBody {
        self.event(|event| match &event.body {
            WorkerEventBody::Succeeded { run, .. }
            | WorkerEventBody::Failed { run, .. }
            | WorkerEventBody::Released { run, .. }
                if run.run == id =>
            {
                Some(event.body.clone())
            }
            _ => None,
        })
        .await
    }

    /// The next renewal from now on that is as wanted.
    pub async fn renewal(&self, wanted: impl Fn(&WorkerInfo, &[RunRef]) -> bool) -> WorkerInfo {
        let from = self.events.lock().unwrap().len();
        self.event_from(from, |event| match &event.body {
            WorkerEventBody::Renewal { info, runs } if wanted(info, runs) => Some(info.clone()),
            _ => None,
        })
        .await
    }

    pub async fn event<T>(&self, wanted: impl Fn(&WorkerEvent) -> Option<T>) -> T {
        self.event_from(0, wanted).await
    }

    async fn event_from<T>(&self, from: usize, wanted: impl Fn(&WorkerEvent) -> Option<T>) -> T {
        let mut said = self.said.clone();
        let wait = async {
            loop {
                said.borrow_and_update();
                let found = self.events.lock().unwrap()[from..].iter().find_map(&wanted);
                if let Some(found) = found {
                    return found;
                }
                said.changed().await.unwrap();
            }
        };
        match tokio::time::timeout(SOON, wait).await {
            Ok(found) => found,
            Err(_) => panic!("not said; what was: {:#?}", self.events.lock().unwrap()),
        }
    }

    pub fn events(&self) -> Vec<WorkerEvent> {
        self.events.lock().unwrap().clone()
    }

    pub fn progress_of(&self, run: RunId) -> Vec<Progress> {
        let progress = self.progress.lock().unwrap();
        progress
            .iter()
            .filter(|p| p.run.run == run)
            .cloned()
            .collect()
    }

    pub async fn order(&self, order: Order) {
        let schema = SCHEMA;
        let said = self
            .broker
            .publish_control(&Control { schema, order })
            .await;
        said.unwrap();
    }

    pub async fn stop(&self, run: RunId) {
        self.order(Order::Stop { runs: vec![run] }).await;
    }

    pub async fn drain(&self, worker: WorkerId, drain: bool) {
        self.order(Order::Drain { worker, drain }).await;
    }

    pub async fn worker_id(&self) -> WorkerId {
        self.renewal(|_, _| true).await.id
    }

    /// The process that works in a run's folder.
    pub async fn tool_of(&self, run: RunId) -> rustix::process::Pid {
        until(|| self.find_tool(run), "no tool works for the run").await
    }

    pub fn find_tool(&self, run: RunId) -> Option<rustix::process::Pid> {
        let run = run.to_string();
        std::fs::read_dir("/proc").unwrap().find_map(|entry| {
            let name = entry.ok()?.file_name();
            let pid: i32 = name.to_str()?.parse().ok()?;
            let folder = std::fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
            folder
                .ends_with(&run)
                .then(|| rustix::process::Pid::from_raw(pid))?
        })
    }

    /// Keys in the store under a prefix.
    pub async fn keys(&self, prefix: &str) -> Vec<String> {
        let page = self.objects.list(prefix, None, 1000).await.unwrap();
        page.objects.into_iter().map(|o| o.key).collect()
    }

    /// Waits until no run has a folder in the scratch any more.
    pub async fn scratch_is_clean(&self) {
        let none_left = || {
            let worker = std::fs::read_dir(self.scratch()).unwrap();
            let left: usize = worker
                .filter_map(|w| std::fs::read_dir(w.ok()?.path()).ok())
                .flat_map(|runs| runs.filter(|e| e.as_ref().is_ok_and(|e| is_run(&e.path()))))
                .count();
            (left == 0).then_some(())
        };
        until(none_left, "scratch files stay").await;
    }

    /// Ends the worker in order.
    pub async fn end_worker(&mut self) -> Result<(), EncoderError> {
        self.shutdown.cancel();
        self.ended().await
    }

    /// Waits until the worker has ended.
    pub async fn ended(&mut self) -> Result<(), EncoderError> {
        let worker = self.worker.take().unwrap();
        tokio::time::timeout(SOON, worker).await.unwrap().unwrap()
    }
}

impl Drop for Farm {
    fn drop(&mut self) {
        self.shutdown.cancel();
        if let Some(worker) = &self.worker {
            worker.abort();
        }
        for ear in &self.ears {
            ear.abort();
        }
    }
}

/// Whether a folder of a worker is a run's, not that of the sources it keeps.
fn is_run(folder: &Path) -> bool {
    folder.is_dir() && !folder.ends_with("sources")
}

/// Waits until something is there.
pub async fn until<T>(look: impl Fn() -> Option<T>, otherwise: &str) -> T {
    let wait = async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(SOON, wait).await.expect(otherwise)
}

async fn hear_events(
    broker: &Arc<dyn Broker>,
    events: &Arc<Mutex<Vec<WorkerEvent>>>,
    tell: watch::Sender<()>,
) -> JoinHandle<()> {
    let mut reader = broker.consume_events().await.unwrap();
    let events = events.clone();
    tokio::spawn(async move {
        while let Some(event) = reader.next().await {
            events.lock().unwrap().push(event.message.clone());
            event.ack().await.unwrap();
            tell.send_replace(());
        }
    })
}

async fn hear_progress(
    broker: &Arc<dyn Broker>,
    progress: &Arc<Mutex<Vec<Progress>>>,
) -> JoinHandle<()> {
    let mut listener = broker.listen_progress().await.unwrap();
    let progress = progress.clone();
    tokio::spawn(async move {
        while let Some(heard) = listener.next().await {
            progress.lock().unwrap().push(heard.message);
        }
    })
}
