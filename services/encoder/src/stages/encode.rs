//! Encode: one part of one output (for now the whole of it), stored under the run's own key.

use super::Run;
use crate::failure::{Fault, tool_failed};
use reelmill_domain::{
    event::{Part, TaskResult},
    spec::EncodeSpec,
    wire::Stage,
};
use reelmill_ffmpeg::encode;

/// How much of the task is done when ffmpeg is: the rest is hashing and storing.
const ENCODED: f64 = 0.98;

/// Makes the part.
pub async fn encode(run: &Run<'_>, spec: &EncodeSpec) -> Result<TaskResult, Fault> {
    let source = run.fetch(&spec.source, "source").await?;
    let name = format!("part.{}", spec.container.extension());
    let made = run.folder.join(&name);
    run.progress
        .stage(Stage::Encode, 0.0..ENCODED, spec.frames, spec.duration_s);
    let encoded = encode::encode(
        &run.worker.config.tools,
        spec,
        &source,
        &made,
        &run.limits(),
        |said| run.progress.ffmpeg(said),
        run.token,
    )
    .await
    .map_err(|e| tool_failed("encoding", &e))?;

    run.progress
        .stage(Stage::Upload, ENCODED..1.0, spec.frames, spec.duration_s);
    let sha256 = run.sha256(&made).await?;
    let stored = run.put(run.work_key(&name), &made).await?;
    Ok(TaskResult::Encoded {
        part: Part {
            key: stored.key,
            bytes: stored.bytes,
            sha256,
            frames: encoded.frames,
            cpu_s: encoded.cpu_s,
            warnings: encoded.warning().into_iter().collect(),
        },
    })
}
