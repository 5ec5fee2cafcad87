//! A job, a worker, and what they say.

use reelmill_domain::{
    event::{Part, TaskEvent, TaskResult},
    id::{FileId, JobId, OutputId, RunId, SourceId, TaskId, WorkerId},
    job::{Job, JobState},
    lane::Lane,
    media::{Color, Media, Ratio, Rotation, Video},
    output::{Output, OutputFile, OutputMedia},
    preset,
    spec::{Input, SourceLimits, TaskSpec},
    task::Task,
    time::Timestamp,
    wire::TaskMessage,
    worker::{Abilities, LaneSlots, WorkerInfo},
};
use reelmill_store::{
    AfterCommit, Change, DatabaseTransaction, Policy, Store, StoreError, apply,
    claim::{self, ClaimTimes},
    entity::source,
    jobs::{self, NewJob},
    now, read,
    refs::{self, Holder},
    renew,
    workers::Admission,
};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, Statement};
use uuid::Uuid;

pub const LEASE: i64 = 10_000;
pub const TIMES: ClaimTimes = ClaimTimes {
    dispatch_ms: 60_000,
    lease_ms: LEASE,
};
pub const LIMITS: SourceLimits = SourceLimits {
    duration_s: 3600,
    pixels: 1 << 26,
    streams: 32,
};
pub const POLICY: Policy = Policy {
    max_attempts: 3,
    limits: LIMITS,
    cores: 2,
    expire_after_s: None,
};

/// Writes a job with a source and its probe task.
pub async fn job(store: &Store, presets: &[&str], priority: u8) -> Job {
    job_of(store, "", presets, priority, NewJob::default()).await
}

/// Writes a job of an owner.
pub async fn job_of(
    store: &Store,
    owner: &str,
    presets: &[&str],
    priority: u8,
    new: NewJob,
) -> Job {
    let (job, probe) = new_job(owner, presets, priority);
    store
        .transact(|txn| {
            let (job, probe, new) = (&job, &probe, &new);
            async move { write(&txn, job, probe, new).await }
        })
        .await
        .unwrap();
    job
}

/// A job that nobody has written yet, and its probe.
pub fn new_job(owner: &str, presets: &[&str], priority: u8) -> (Job, Task) {
    let id = JobId(Uuid::now_v7());
    let input = Input {
        key: format!("sources/{}", FileId(Uuid::now_v7())),
        bytes: 1000,
    };
    let chosen = presets
        .iter()
        .map(|name| preset::by_name(name).unwrap().clone());
    let outputs = chosen
        .map(|p| {
            let name = format!("clip.{}", p.name);
            Output::new(OutputId(Uuid::now_v7()), p, name)
        })
        .collect();
    let job = Job {
        id,
        owner: owner.to_owned(),
        name: "clip".into(),
        source: SourceId(Uuid::now_v7()),
        input: input.clone(),
        media: None,
        outputs,
        priority,
        paused: false,
        strict: false,
        expire_after_s: None,
        state: JobState::Queued,
        warnings: Vec::new(),
    };
    let probe = Task::probe(TaskId(Uuid::now_v7()), id, input, LIMITS);
    (job, probe)
}

/// Writes it, with the source that it names.
pub async fn write(
    txn: &DatabaseTransaction,
    job: &Job,
    probe: &Task,
    new: &NewJob,
) -> Result<(), StoreError> {
    let at = now(txn).await?;
    let (file, key) = (FileId(Uuid::now_v7()), &job.input.key);
    let row = source::ActiveModel {
        id: Set(job.source.0),
        owner: Set(job.owner.clone()),
        name: Set("clip.mp4".into()),
        file_id: Set(file.0),
        object_key: Set(key.clone()),
        bytes: Set(1000),
        sha256: Set(None),
        media_json: Set(None),
        created_at: Set(at.0),
    };
    source::Entity::insert(row)
        .exec_without_returning(txn)
        .await
        .unwrap();
    refs::add_file(txn, file, key, 1000, Holder::Job(job.id)).await?;
    jobs::create(txn, job, new, std::slice::from_ref(probe)).await
}

pub fn worker(encode: u16) -> WorkerInfo {
    let slots = |lane, slots| LaneSlots {
        lane,
        slots,
        free: slots,
    };
    WorkerInfo {
        id: WorkerId(Uuid::now_v7()),
        name: "one".into(),
        version: "0".into(),
        lanes: vec![slots(Lane::light(), 1), slots(Lane::encode(), encode)],
        abilities: Abilities::default(),
        draining: false,
    }
}

pub async fn heard(store: &Store, worker: &WorkerInfo) {
    assert_eq!(
        renew::renew(store, worker, &[], LEASE, Admission::Open)
            .await
            .unwrap(),
        []
    );
}

pub async fn claim(store: &Store, lane: Lane) -> Vec<TaskMessage> {
    claim::claim(store, &lane, TIMES, &POLICY).await.unwrap()
}

/// Applies an event of a task.
pub async fn say(store: &Store, message: &TaskMessage, what: TaskEvent) -> Vec<AfterCommit> {
    let make = |_: &Task, _: Timestamp| Some(what.clone());
    apply(
        store,
        message.job,
        Change::Task(message.task, &make),
        &POLICY,
    )
    .await
    .unwrap()
}

pub async fn start(store: &Store, message: &TaskMessage, worker: &WorkerInfo) -> RunId {
    start_for(store, message, worker, LEASE).await
}

pub async fn start_for(
    store: &Store,
    message: &TaskMessage,
    worker: &WorkerInfo,
    lease: i64,
) -> RunId {
    let run = RunId(Uuid::now_v7());
    let (attempt, worker) = (message.attempt, worker.id);
    let make = |_: &Task, now: Timestamp| {
        Some(TaskEvent::Started {
            attempt,
            run,
            worker,
            lease_until: now.plus_ms(lease),
        })
    };
    apply(
        store,
        message.job,
        Change::Task(message.task, &make),
        &POLICY,
    )
    .await
    .unwrap();
    run
}

pub fn succeeded(message: &TaskMessage, run: RunId) -> TaskEvent {
    TaskEvent::Succeeded {
        attempt: message.attempt,
        run,
        result: result(message, run),
    }
}

pub fn result(message: &TaskMessage, run: RunId) -> TaskResult {
    match &message.spec {
        TaskSpec::Probe(_) => TaskResult::Probed {
            media: Box::new(media()),
            sha256: "ab".repeat(32),
        },
        TaskSpec::Encode(spec) => TaskResult::Encoded {
            part: Part {
                key: format!("work/{}/{}/{run}/part", message.job, message.task),
                bytes: 10,
                sha256: "cd".repeat(32),
                frames: spec.frames,
                cpu_s: 1.0,
                warnings: Vec::new(),
                sound_made_anew: false,
            },
        },
        TaskSpec::Assemble(_) | TaskSpec::Thumbnails(_) => {
            let key = format!("outputs/{}/{}/{run}/x", message.job, message.task);
            let file = OutputFile {
                name: "x".into(),
                key,
                bytes: 20,
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

pub fn media() -> Media {
    let ratio = |num, den| Ratio::new(num, den).unwrap();
    Media {
        container: "mov,mp4".into(),
        bytes: 1000,
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

pub async fn record(store: &Store, job: JobId) -> read::JobRecord {
    read::job(store.db(), "", job).await.unwrap().unwrap()
}

/// Claims, starts and ends everything in a lane, again and again, until nothing is released there.
pub async fn drain(store: &Store, lane: Lane, worker: &WorkerInfo) -> usize {
    let mut done = 0;
    loop {
        let messages = claim(store, lane.clone()).await;
        if messages.is_empty() {
            return done;
        }
        for message in messages {
            let run = start(store, &message, worker).await;
            say(store, &message, succeeded(&message, run)).await;
            done += 1;
        }
    }
}

/// Overwrites a text of rows, as a newer version might have written it.
pub async fn spoil(store: &Store, table: &str, column: &str, id: Uuid) {
    let db = store.db();
    let quote = |name: &str| format!("`{name}`");
    let sql = format!(
        "UPDATE {} SET {} = 'of a newer version' WHERE id = x'{}'",
        quote(table),
        quote(column),
        id.simple()
    );
    let done = db.execute_unprepared(&sql).await.unwrap();
    assert_eq!(done.rows_affected(), 1, "{table}");
}

/// How many rows of a table match.
pub async fn count(store: &Store, table: &str, which: &str) -> i64 {
    let db = store.db();
    let sql = format!("SELECT COUNT(*) AS n FROM {table} WHERE {which}");
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get("", "n").unwrap()
}

/// An id as SQL writes it.
pub fn hex(id: Uuid) -> String {
    format!("x'{}'", id.simple())
}
