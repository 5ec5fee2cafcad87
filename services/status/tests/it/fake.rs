//! A worker played by the test: renews what it holds, takes tasks, says what the test wants.

use crate::world::{SOON, World};
use reelmill_broker::{Broker, Messages};
use reelmill_domain::{
    event::{Failure, Part, TaskResult},
    id::{EventId, RunId, WorkerId},
    keys,
    lane::Lane,
    media::{Color, Media, Ratio, Rotation, Video},
    output::{OutputFile, OutputMedia},
    preset::{AudioEncoder, VideoEncoder},
    spec::TaskSpec,
    time::Timestamp,
    wire::{Order, Progress, RunRef, SCHEMA, Stage, TaskMessage, WorkerEvent, WorkerEventBody},
    worker::{Abilities, LaneSlots, WorkerInfo},
};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

/// A worker. Dropped, it falls silent.
pub struct Fake {
    pub info: WorkerInfo,
    broker: Arc<dyn Broker>,
    light: Messages<TaskMessage>,
    encode: Messages<TaskMessage>,
    held: Arc<Mutex<Vec<RunRef>>>,
    stopped: Arc<Mutex<BTreeSet<RunId>>>,
    _voices: [AbortOnDropHandle<()>; 2],
}

/// A task that it runs.
#[derive(Debug, Clone)]
pub struct Run {
    pub message: TaskMessage,
    pub run: RunRef,
}

impl Fake {
    pub async fn start(world: &World, encode: u16) -> Self {
        Self::start_named(world, "fake", encode).await
    }

    pub async fn start_named(world: &World, name: &str, encode: u16) -> Self {
        Self::start_silent(world, name, encode, std::future::ready(())).await
    }

    /// It says nothing of itself before `silence` is over.
    pub async fn start_silent(
        world: &World,
        name: &str,
        encode: u16,
        silence: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        let slots = |lane, slots| LaneSlots {
            lane,
            slots,
            free: slots,
        };
        let info = WorkerInfo {
            id: WorkerId(Uuid::now_v7()),
            name: name.into(),
            version: "0".into(),
            lanes: vec![slots(Lane::light(), 1), slots(Lane::encode(), encode)],
            abilities: Abilities {
                ffmpeg_version: "5.1".into(),
                video: [VideoEncoder::X264, VideoEncoder::Vp9].into(),
                audio: [AudioEncoder::Aac, AudioEncoder::Opus].into(),
                tone_mapping: true,
                cores: 2,
            },
            draining: false,
        };
        let broker = world.broker.clone();
        let held: Arc<Mutex<Vec<RunRef>>> = Arc::default();
        let stopped: Arc<Mutex<BTreeSet<RunId>>> = Arc::default();
        let mut orders = broker.listen_control().await.unwrap();
        let heard = stopped.clone();
        let ears = tokio::spawn(async move {
            while let Some(delivery) = orders.next().await {
                if let Order::Stop { runs } = delivery.message.order {
                    heard.lock().unwrap().extend(runs);
                }
            }
        });
        let (voice, runs, me) = (broker.clone(), held.clone(), info.clone());
        let renewals = tokio::spawn(async move {
            silence.await;
            loop {
                let runs = runs.lock().unwrap().clone();
                say(
                    &*voice,
                    me.id,
                    WorkerEventBody::Renewal {
                        info: me.clone(),
                        runs,
                    },
                )
                .await;
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        });
        let (light, encode) = (Lane::light(), Lane::encode());
        Self {
            light: broker.consume_tasks(&light).await.unwrap(),
            encode: broker.consume_tasks(&encode).await.unwrap(),
            info,
            broker,
            held,
            stopped,
            _voices: [
                AbortOnDropHandle::new(ears),
                AbortOnDropHandle::new(renewals),
            ],
        }
    }

    /// The next task of a lane, started.
    pub async fn take(&mut self, lane: &Lane) -> Run {
        let lost = format!("no task came through lane {lane}");
        self.take_within(lane, SOON).await.expect(&lost)
    }

    pub async fn take_within(&mut self, lane: &Lane, patience: Duration) -> Option<Run> {
        let messages = if *lane == Lane::light() {
            &mut self.light
        } else {
            &mut self.encode
        };
        let delivery = tokio::time::timeout(patience, messages.next())
            .await
            .ok()?
            .unwrap();
        let message = delivery.message.clone();
        let run = RunRef {
            task: message.task,
            attempt: message.attempt,
            run: RunId(Uuid::now_v7()),
        };
        self.say(WorkerEventBody::Started {
            run,
            job: message.job,
        })
        .await;
        self.held.lock().unwrap().push(run);
        delivery.ack().await.unwrap();
        Some(Run { message, run })
    }

    /// Takes a task and never says so.
    pub async fn take_silently(&mut self, lane: &Lane) -> TaskMessage {
        let messages = if *lane == Lane::light() {
            &mut self.light
        } else {
            &mut self.encode
        };
        let delivery = tokio::time::timeout(SOON, messages.next())
            .await
            .unwrap()
            .unwrap();
        let message = delivery.message.clone();
        delivery.ack().await.unwrap();
        message
    }

    pub async fn say(&self, body: WorkerEventBody) {
        say(&*self.broker, self.info.id, body).await;
    }

    /// Stores what the run makes, and says so.
    pub async fn succeed(&self, world: &World, run: &Run) {
        let body = self.success(world, run).await;
        self.say(body).await;
        self.forget(run);
    }

    pub async fn success(&self, world: &World, run: &Run) -> WorkerEventBody {
        let result = make(world, run).await;
        WorkerEventBody::Succeeded {
            run: run.run,
            job: run.message.job,
            result,
        }
    }

    pub async fn fail(&self, run: &Run, permanent: bool) {
        let failure = Failure {
            code: "broken".into(),
            message: "It broke.".into(),
            log_tail: None,
            permanent,
            avoid_worker: false,
        };
        self.say(WorkerEventBody::Failed {
            run: run.run,
            job: run.message.job,
            failure,
        })
        .await;
        self.forget(run);
    }

    /// Holds the run no longer.
    pub fn forget(&self, run: &Run) {
        self.held
            .lock()
            .unwrap()
            .retain(|held| held.run != run.run.run);
    }

    pub async fn progress(&self, run: &Run, fraction: f64, at: i64) {
        let progress = Progress {
            schema: SCHEMA,
            run: run.run,
            job: run.message.job,
            output: run.message.output,
            stage: Stage::Encode,
            fraction,
            frames_done: (fraction * 250.0) as u64,
            frames_total: 250,
            speed: 2.0,
            at: Timestamp(at),
        };
        self.broker.publish_progress(&progress).await.unwrap();
    }

    pub fn was_stopped(&self, run: RunId) -> bool {
        self.stopped.lock().unwrap().contains(&run)
    }

    /// Runs whatever comes until the job has ended.
    pub async fn work_off(&mut self, world: &World, tasks: usize) {
        for _ in 0..tasks {
            let run = tokio::select! {
                run = next(&*self.broker, self.info.id, &mut self.light) => run,
                run = next(&*self.broker, self.info.id, &mut self.encode) => run,
            };
            self.succeed(world, &run).await;
        }
    }
}

async fn next(broker: &dyn Broker, worker: WorkerId, messages: &mut Messages<TaskMessage>) -> Run {
    let delivery = tokio::time::timeout(SOON, messages.next())
        .await
        .expect("no task came")
        .unwrap();
    let message = delivery.message.clone();
    let run = RunRef {
        task: message.task,
        attempt: message.attempt,
        run: RunId(Uuid::now_v7()),
    };
    say(
        broker,
        worker,
        WorkerEventBody::Started {
            run,
            job: message.job,
        },
    )
    .await;
    delivery.ack().await.unwrap();
    Run { message, run }
}

async fn say(broker: &dyn Broker, worker: WorkerId, body: WorkerEventBody) {
    let event = WorkerEvent {
        schema: SCHEMA,
        id: EventId(Uuid::now_v7()),
        worker,
        body,
        trace: None,
    };
    broker.publish_event(&event).await.unwrap();
}

/// The bytes of every output that a fake makes.
pub const MADE: &[u8] = b"0123456789";

async fn make(world: &World, run: &Run) -> TaskResult {
    let (message, at) = (&run.message, run.run);
    match &message.spec {
        TaskSpec::Probe(_) => TaskResult::Probed {
            media: Box::new(media()),
            sha256: "ab".repeat(32),
        },
        TaskSpec::Encode(spec) => {
            let key = keys::work(message.job, message.task, at.attempt, at.run, "part");
            world.objects.put_bytes(&key, "part".into()).await.unwrap();
            let sha256 = "cd".repeat(32);
            TaskResult::Encoded {
                part: Part {
                    key,
                    bytes: 4,
                    sha256,
                    frames: spec.frames,
                    cpu_s: 1.0,
                    warnings: Vec::new(),
                    sound_made_anew: false,
                },
            }
        }
        TaskSpec::Assemble(_) | TaskSpec::Thumbnails(_) => {
            let key = keys::output(
                message.job,
                message.output.unwrap(),
                at.attempt,
                at.run,
                "x",
            );
            world.objects.put_bytes(&key, MADE.into()).await.unwrap();
            let file = OutputFile {
                name: "x".into(),
                key,
                bytes: MADE.len() as u64,
                sha256: "ef".repeat(32),
                content_type: "video/x-matroska".into(),
            };
            TaskResult::Made {
                files: vec![file],
                media: OutputMedia::default(),
                warnings: Vec::new(),
            }
        }
    }
}

fn media() -> Media {
    let ratio = |num, den| Ratio::new(num, den).unwrap();
    Media {
        container: "mov,mp4".into(),
        bytes: 6,
        declared_duration_s: 10.0,
        duration_s: 10.0,
        video: Some(Video {
            index: 0,
            codec: "h264".into(),
            width: 640,
            height: 360,
            rotation: Rotation::None,
            sample_aspect: ratio(1, 1),
            pixel_format: "yuv420p".into(),
            bit_depth: 8,
            color: Color::default(),
            frame_rate: ratio(25, 1),
            time_base: ratio(1, 12800),
            frames: 250,
            keyframes: 3,
            first_pts: 0,
            duration_s: 10.0,
            start_s: 0.0,
            variable_rate: false,
            interlaced: false,
        }),
        audio: Vec::new(),
        cover_art: false,
        damage: Vec::new(),
    }
}
