//! Encode: one part of one output (for now the whole of it), stored under the run's own key.

use super::Run;
use crate::{
    failure::{Fault, tool_failed},
    task_span::stage,
};
use reelmill_domain::{
    event::{Part, TaskResult},
    spec::{EncodeSpec, Input},
    wire::Stage,
};
use reelmill_ffmpeg::encode;
use reelmill_runtime::metrics;
use std::time::Instant;
use tracing::Instrument;

/// How much of the task is done when ffmpeg is: the rest is hashing and storing.
const ENCODED: f64 = 0.98;

/// Makes the part.
pub async fn encode(run: &Run<'_>, spec: &EncodeSpec) -> Result<TaskResult, Fault> {
    let source = run.fetch(&spec.source, "source").await?;
    let name = format!("part.{}", spec.container.extension());
    let made = run.folder.join(&name);
    run.progress
        .stage(Stage::Encode, 0.0..ENCODED, spec.frames, spec.duration_s);
    let begun = Instant::now();
    let encoded = encode::encode(
        &run.worker.config.tools,
        spec,
        &source,
        &made,
        &run.limits(),
        |said| run.progress.ffmpeg(said),
        run.token,
    )
    .instrument(stage("encode"))
    .await
    .map_err(|e| tool_failed("encoding", &e))?;
    metrics::encoded(preset(spec), begun.elapsed(), spec.duration_s);

    run.progress
        .stage(Stage::Upload, ENCODED..1.0, spec.frames, spec.duration_s);
    let sha256 = run.sha256(&made).await?;
    let stored = run.put(run.work_key(&name), &made).await?;
    // Where it is assembled here, it need not come back.
    let part = Input {
        key: stored.key.clone(),
        bytes: stored.bytes,
    };
    run.worker.cache.keep(&part, &made);
    Ok(TaskResult::Encoded {
        part: Part {
            key: stored.key,
            bytes: stored.bytes,
            sha256,
            frames: encoded.frames,
            cpu_s: encoded.cpu_s,
            warnings: encoded.warnings(),
            sound_made_anew: encoded.sound_made_anew,
        },
    })
}

/// The preset's name, as the figures know it.
fn preset(spec: &EncodeSpec) -> &str {
    match spec.preset.as_str() {
        "" => "inline",
        name => name,
    }
}
