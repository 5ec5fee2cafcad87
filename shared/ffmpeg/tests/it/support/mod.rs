//! A scratch folder with real clips in it, and the real planner in front of the encodes.
#![allow(dead_code)] // Each test file uses its own part of this.

pub mod fake;

use reelmill_domain::id::{JobId, OutputId, SourceId, TaskId};
use reelmill_domain::job::{Context, Job, JobState};
use reelmill_domain::media::Media;
use reelmill_domain::output::{Output, OutputMedia};
use reelmill_domain::plan::{OutputPlan, plan};
use reelmill_domain::preset::by_name;
use reelmill_domain::spec::{
    AssembleSpec, EncodeSpec, Input, SourceLimits, TaskSpec, ThumbnailsSpec,
};
use reelmill_domain::time::Timestamp;
use reelmill_ffmpeg::encode::{Encoded, encode};
use reelmill_ffmpeg::probe::{ProbeError, probe};
use reelmill_ffmpeg::verify::{Measured, judge, measure};
use reelmill_ffmpeg::{RunError, RunLimits, Tools};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What the tests allow of a source.
pub const LIMITS: SourceLimits = SourceLimits {
    duration_s: 600,
    pixels: 3840 * 2160,
    streams: 16,
};

/// The tools under test: `REELMILL_TEST_FFMPEG` and `REELMILL_TEST_FFPROBE` try other builds.
pub fn tools() -> Tools {
    let named = |key: &str, default: &str| std::env::var(key).unwrap_or(default.into());
    Tools::locate(
        &named("REELMILL_TEST_FFMPEG", "ffmpeg"),
        &named("REELMILL_TEST_FFPROBE", "ffprobe"),
    )
    .expect("ffmpeg and ffprobe are installed")
}

/// A clip that lies in the repository.
pub fn media(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/media")
        .join(name)
}

/// A folder that goes with the test.
pub struct Lab {
    folder: TempDir,
    pub tools: Tools,
    pub cancel: CancellationToken,
}

impl Lab {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("temp folder"),
            tools: tools(),
            cancel: CancellationToken::new(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a clip with the installed ffmpeg, by a plain command line.
    pub fn make(&self, args: &str, name: &str) -> PathBuf {
        let made = Command::new("ffmpeg")
            .current_dir(self.folder.path())
            .args(["-nostdin", "-v", "error", "-y"])
            .args(args.split_whitespace())
            .arg(name)
            .output()
            .expect("ffmpeg runs");
        let log = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{args} {name}: {log}");
        self.path(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("write");
        path
    }

    /// A copy that ends after a fraction of the file.
    pub fn cut(&self, file: &Path, keep: f64, name: &str) -> PathBuf {
        let bytes = std::fs::read(file).expect("read");
        let end = (bytes.len() as f64 * keep) as usize;
        self.write(name, &bytes[..end])
    }

    /// A copy with rubbish in the middle.
    pub fn corrupt(&self, file: &Path, length: usize, name: &str) -> PathBuf {
        let mut bytes = std::fs::read(file).expect("read");
        let from = bytes.len() / 2;
        for (n, byte) in bytes[from..from + length].iter_mut().enumerate() {
            *byte = (n * 131 + n / 7 + 89) as u8;
        }
        self.write(name, bytes)
    }

    pub async fn probe(&self, file: &Path) -> Result<Media, ProbeError> {
        let run = RunLimits::default();
        probe(&self.tools, file, &LIMITS, &run, |_| {}, &self.cancel).await
    }

    pub async fn encode(
        &self,
        spec: &EncodeSpec,
        input: &Path,
        output: &Path,
    ) -> Result<Encoded, RunError> {
        let run = RunLimits::default();
        encode(&self.tools, spec, input, output, &run, |_| {}, &self.cancel).await
    }

    pub async fn measure(&self, file: &Path) -> Measured {
        let run = RunLimits::default();
        measure(&self.tools, file, &run, |_| {}, &self.cancel)
            .await
            .expect("measured")
    }

    /// The whole way of one output: probe, plan, encode, measure, judge.
    pub async fn make_output(&self, source: &Path, preset: &str) -> (OutputMedia, Measured) {
        let media = self.probe(source).await.expect("a source");
        let (spec, assemble) = planned(&media, preset);
        let output = self.path(&format!("{preset}.out"));
        let encoded = self.encode(&spec, source, &output).await;
        let encoded = encoded.unwrap_or_else(|e| panic!("{preset}: {e}\n{}", e.log_tail));
        assert_eq!(encoded.errors, 0, "{preset}: {}", encoded.log_tail);
        let measured = self.measure(&output).await;
        match judge(&assemble.expect, &measured) {
            Ok(made) => (made, measured),
            Err(wrong) => panic!(
                "{preset} of {}: {wrong:?}\n{:#?}\n{measured:#?}\n{}",
                source.display(),
                assemble.expect,
                encoded.log_tail
            ),
        }
    }
}

/// What the planner makes of a source, by a shipped preset.
pub fn planned(media: &Media, preset: &str) -> (EncodeSpec, AssembleSpec) {
    let (mut encode, mut assemble) = (None, None);
    for spec in specs(media, preset) {
        match spec {
            TaskSpec::Encode(spec) => encode = Some(spec),
            TaskSpec::Assemble(spec) => assemble = Some(spec),
            other => panic!("{other:?}"),
        }
    }
    (encode.expect("an encode"), assemble.expect("an assemble"))
}

/// What the planner makes of a source for pictures.
pub fn planned_pictures(media: &Media) -> ThumbnailsSpec {
    match specs(media, "thumbnails").into_iter().next() {
        Some(TaskSpec::Thumbnails(spec)) => spec,
        other => panic!("{other:?}"),
    }
}

fn specs(media: &Media, preset: &str) -> Vec<TaskSpec> {
    let preset = by_name(preset).expect("shipped").clone();
    let job = Job {
        id: JobId(Uuid::nil()),
        owner: String::new(),
        name: "clip".into(),
        source: SourceId(Uuid::nil()),
        input: Input {
            key: "sources/clip".into(),
            bytes: media.bytes,
        },
        media: Some(media.clone()),
        outputs: vec![Output::new(
            OutputId(Uuid::nil()),
            preset,
            "clip.out".into(),
        )],
        priority: 5,
        paused: false,
        strict: false,
        expire_after_s: None,
        state: JobState::Queued,
        warnings: Vec::new(),
    };
    let mut ids = 0;
    let mut new_task = || {
        ids += 1;
        TaskId(Uuid::from_u128(ids))
    };
    let mut cx = Context {
        now: Timestamp(0),
        new_task: &mut new_task,
        max_attempts: 3,
        limits: LIMITS,
        cores: 2,
    };
    match plan(&job, media, &mut cx).pop() {
        Some((_, OutputPlan::Make { tasks, .. })) => tasks.into_iter().map(|t| t.spec).collect(),
        other => panic!("{other:?}"),
    }
}
