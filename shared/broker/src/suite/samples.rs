//! Messages to send in tests. Every call makes a new id.

use reelmill_domain::{
    id::{EventId, JobId, RunId, TaskId, WorkerId},
    lane::Lane,
    spec::{Input, ProbeSpec, SourceLimits, TaskSpec},
    time::Timestamp,
    wire::{
        Control, JobHint, Order, Progress, RunRef, SCHEMA, Stage, TaskMessage, Traceparent,
        WorkerEvent, WorkerEventBody,
    },
};
use uuid::Uuid;

/// Somewhere in a trace: it must arrive with the message.
fn traceparent() -> Option<Traceparent> {
    Traceparent::parse(&format!(
        "00-{:032x}-{:016x}-01",
        Uuid::now_v7().as_u128(),
        7
    ))
}

/// A probe task for a lane.
pub fn task(lane: &Lane) -> TaskMessage {
    TaskMessage {
        schema: SCHEMA,
        task: TaskId(Uuid::now_v7()),
        attempt: 1,
        job: JobId(Uuid::now_v7()),
        output: None,
        lane: lane.clone(),
        spec: TaskSpec::Probe(ProbeSpec {
            source: Input {
                key: "sources/one".into(),
                bytes: 7,
            },
            limits: SourceLimits {
                duration_s: 3600,
                pixels: 1_000_000,
                streams: 8,
            },
        }),
        parts: Vec::new(),
        avoid: None,
        alone: false,
        trace: traceparent(),
    }
}

/// An event of a worker; the attempt serves as a number that tests can tell.
pub fn event(worker: WorkerId, number: u32) -> WorkerEvent {
    WorkerEvent {
        schema: SCHEMA,
        id: EventId(Uuid::now_v7()),
        worker,
        body: WorkerEventBody::Released {
            run: run(number),
            job: JobId(Uuid::now_v7()),
        },
        trace: traceparent(),
    }
}

/// The number that [`event`] was given.
pub fn number(event: &WorkerEvent) -> u32 {
    match &event.body {
        WorkerEventBody::Released { run, .. } => run.attempt,
        other => panic!("not one of the suite's events: {other:?}"),
    }
}

/// A worker's id.
pub fn worker() -> WorkerId {
    WorkerId(Uuid::now_v7())
}

/// A hint.
pub fn hint() -> JobHint {
    JobHint {
        schema: SCHEMA,
        job: JobId(Uuid::now_v7()),
        stop: vec![RunId(Uuid::now_v7())],
        trace: traceparent(),
    }
}

/// A progress message that says so many frames.
pub fn progress(frames_done: u64) -> Progress {
    Progress {
        schema: SCHEMA,
        run: run(1),
        job: JobId(Uuid::now_v7()),
        output: None,
        stage: Stage::Encode,
        fraction: 0.5,
        frames_done,
        frames_total: 1_000_000,
        speed: 1.25,
        at: Timestamp(1_700_000_000_000),
    }
}

/// An order to stop a run.
pub fn control() -> Control {
    Control {
        schema: SCHEMA,
        order: Order::Stop {
            runs: vec![RunId(Uuid::now_v7())],
        },
    }
}

fn run(attempt: u32) -> RunRef {
    RunRef {
        task: TaskId(Uuid::now_v7()),
        attempt,
        run: RunId(Uuid::now_v7()),
    }
}
