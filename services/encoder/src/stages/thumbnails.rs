//! Thumbnails: a poster, and a sprite sheet with its WebVTT; made, checked and stored in one task.

use super::Run;
use crate::{
    failure::{Fault, failed, lasting, tool_failed},
    task_span::stage,
};
use reelmill_domain::{
    event::TaskResult,
    output::{OutputFile, OutputMedia},
    spec::ThumbnailsSpec,
    wire::Stage,
};
use reelmill_ffmpeg::thumbnails::{self, FILES};
use tracing::Instrument;

/// How much of the task is done when the pictures are: the rest is storing.
const MADE: f64 = 0.95;

/// Makes the pictures.
pub async fn thumbnails(run: &Run<'_>, spec: &ThumbnailsSpec) -> Result<TaskResult, Fault> {
    let output = run.output()?;
    let source = run.fetch(&spec.source, "source").await?;
    run.progress
        .stage(Stage::Encode, 0.0..MADE, 0, spec.duration_s);
    let made = thumbnails::thumbnails(
        &run.worker.config.tools,
        spec,
        &source,
        run.folder,
        &run.limits(),
        |said| run.progress.ffmpeg(said),
        run.token,
    )
    .instrument(stage("encode"))
    .await
    .map_err(|e| tool_failed("making the pictures", &e))?;
    let warning = made.warning();
    if let Some(damage) = warning.as_ref().filter(|_| spec.strict) {
        return Err(failed(lasting(&damage.code, damage.message.clone())));
    }

    run.progress.stage(Stage::Upload, MADE..1.0, 0, 0.0);
    let mut files = Vec::with_capacity(FILES.len());
    for name in FILES {
        let made = run.folder.join(name);
        let sha256 = run.sha256(&made).await?;
        let stored = run.put(run.output_key(output, name), &made).await?;
        files.push(OutputFile {
            name: name.to_owned(),
            key: stored.key,
            bytes: stored.bytes,
            sha256,
            content_type: content_type(name).to_owned(),
        });
    }
    let (width, height) = spec.poster;
    Ok(TaskResult::Made {
        files,
        // The pictures were decoded and have these sizes; the length of a film means nothing for them.
        media: OutputMedia {
            width: Some(width),
            height: Some(height),
            ..OutputMedia::default()
        },
        warnings: warning.into_iter().collect(),
    })
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "vtt")) => "text/vtt",
        _ => "image/jpeg",
    }
}
