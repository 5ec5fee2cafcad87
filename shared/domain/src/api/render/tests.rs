//! What people see of a job at each stage.

use super::*;
use crate::id::SourceId;
use crate::output::{Output, OutputFile, OutputMedia, Parts, Published};
use crate::preset;
use crate::spec::Input;
use uuid::Uuid;

fn output(n: u128, state: OutputState) -> Output {
    let preset = preset::by_name("mkv").unwrap().clone();
    let planned = Some(Parts {
        done: 0,
        total: 1,
        frames: 100,
    });
    Output {
        state,
        planned,
        ..Output::new(OutputId(Uuid::from_u128(n)), preset, "my clip.mkv".into())
    }
}

fn job(state: JobState, outputs: Vec<Output>) -> Job {
    Job {
        id: JobId(Uuid::nil()),
        owner: String::new(),
        name: "clip".into(),
        source: SourceId(Uuid::nil()),
        input: Input {
            key: "sources/x".into(),
            bytes: 7,
        },
        media: None,
        outputs,
        priority: 5,
        paused: false,
        strict: false,
        expire_after_s: None,
        state,
        warnings: Vec::new(),
    }
}

fn encoding() -> JobState {
    JobState::Encoding {
        started_at: Timestamp(1),
    }
}

fn work(n: u128, state: &str, cost_s: f64) -> Work {
    Work {
        output: Some(OutputId(Uuid::from_u128(n))),
        state: state.into(),
        tasks: 1,
        cost_s,
        frames: 0,
    }
}

fn live(n: u128, fraction: f64, rate: f64) -> LiveTask {
    LiveTask {
        task: TaskId(Uuid::from_u128(100 + n)),
        output: Some(OutputId(Uuid::from_u128(n))),
        fraction,
        rate: Some(rate),
        frames_done: (fraction * 100.0) as u64,
        speed: 2.0,
    }
}

#[test]
fn progress_weighs_outputs_by_their_work() {
    let job = job(
        encoding(),
        vec![
            output(1, OutputState::Encoding(Parts::default())),
            output(2, OutputState::Waiting),
        ],
    );
    let work = [
        work(1, "running", 9.0),
        work(1, "waiting", 1.0),
        work(2, "ready", 30.0),
    ];
    let view = progress_view(&job, &work, &[live(1, 0.5, 0.1)]);
    assert_eq!(view.outputs[0].progress, 0.45);
    assert_eq!(view.outputs[0].frames_done, 50);
    assert_eq!(view.outputs[0].speed, Some(2.0));
    assert_eq!(
        view.outputs[0].eta_s,
        Some(6.1),
        "5.5 s of work at 0.9 a second"
    );
    assert_eq!(view.outputs[1].progress, 0.0);
    assert_eq!(view.progress, 0.1125);
    assert_eq!(view.eta_s, Some(39.4), "35.5 s of work at 0.9 a second");
}

#[test]
fn nothing_is_complete_before_it_is_published() {
    let one = job(
        encoding(),
        vec![output(1, OutputState::Assembling(Parts::default()))],
    );
    let work = [work(1, "succeeded", 9.0), work(1, "running", 1.0)];
    let view = progress_view(&one, &work, &[live(1, 1.0, 1.0)]);
    assert_eq!((view.progress, view.outputs[0].progress), (0.999, 0.999));
    assert_eq!(view.outputs[0].frames_done, 100);
    let unplanned = progress_view(&job(encoding(), Vec::new()), &[], &[]);
    assert_eq!((unplanned.progress, unplanned.eta_s), (0.0, None));
}

#[test]
fn an_output_that_failed_does_not_hold_the_job_back() {
    let published = OutputState::Published(Published {
        files: vec![OutputFile {
            name: "my clip.mkv".into(),
            key: "outputs/x".into(),
            bytes: 5,
            sha256: "aa".into(),
            content_type: "video/x-matroska".into(),
        }],
        media: OutputMedia::default(),
        at: Timestamp(3),
        expires_at: Some(Timestamp(9_000)),
    });
    let skipped = OutputState::Skipped {
        reason: "too small".into(),
    };
    let job = job(
        encoding(),
        vec![
            output(1, published),
            output(2, skipped),
            output(3, OutputState::Waiting),
        ],
    );
    let metadata = BTreeMap::new();
    let facts = JobFacts {
        source_name: "a.mp4",
        source_sha256: None,
        retry_of: None,
        metadata: &metadata,
        created_at: Timestamp(0),
        position: None,
        waiting_for: None,
        prefix: "https://video.example/",
    };
    let view = job_view(
        &job,
        &facts,
        &[work(1, "succeeded", 5.0), work(3, "ready", 5.0)],
        &[],
    );
    assert_eq!(view.progress, 0.5);
    assert_eq!(view.expires_at, Some(Timestamp(9_000)));
    let (nil, one) = (Uuid::nil(), Uuid::from_u128(1));
    let url = format!("https://video.example/media/{nil}/{one}/my%20clip.mkv");
    assert_eq!(view.outputs[0].url, Some(url));
    assert_eq!(view.outputs[0].bytes, Some(5));
    assert_eq!(view.outputs[1].reason.as_deref(), Some("too small"));
    assert_eq!(view.outputs[2].url, None);
}
