//! Assemble: the parts become the output, which is decoded and judged before anyone may see it.

use super::{Run, damaged};
use crate::{
    failure::{Fault, failed, lasting, passing, tool_failed},
    task_span::stage,
};
use reelmill_domain::{
    event::{Part, TaskResult, Warning},
    output::{OutputFile, OutputMedia},
    spec::{AssembleSpec, Expectation, Input},
    wire::Stage,
};
use reelmill_ffmpeg::verify;
use std::{borrow::Cow, path::Path};
use tracing::Instrument;

/// How much of the task is done when the result is verified: the rest is storing.
pub(super) const VERIFIED: f64 = 0.95;

/// Makes and verifies the output.
pub async fn assemble(run: &Run<'_>, spec: &AssembleSpec) -> Result<TaskResult, Fault> {
    let output = run.output()?;
    let part = only_part(&run.task.parts)?;
    let spec = &asked_of(part, spec)?;
    let input = Input {
        key: part.key.clone(),
        bytes: part.bytes,
    };
    // The whole output is in the one part: nothing to join.
    let name = format!("output.{}", spec.container.extension());
    let made = run.fetch(&input, &name).await?;
    let (frames, duration_s) = expected(&spec.expect);
    run.progress
        .stage(Stage::Verify, 0.0..VERIFIED, frames, duration_s);
    // Both read all of it: beside each other, so that the disk is read once.
    let verified = verify(run, spec, &made).instrument(stage("verify"));
    let (sha256, (media, warnings)) = tokio::try_join!(intact(run, part, &made), verified)?;

    run.progress
        .stage(Stage::Upload, VERIFIED..1.0, frames, duration_s);
    let key = run.output_key(output, &spec.file_name);
    let stored = run.put(key, &made).await?;
    run.worker.cache.forget(&input);
    Ok(TaskResult::Made {
        files: vec![OutputFile {
            name: spec.file_name.clone(),
            key: stored.key,
            bytes: stored.bytes,
            sha256,
            content_type: spec.container.mime().to_owned(),
        }],
        media,
        warnings,
    })
}

fn only_part(parts: &[Part]) -> Result<&Part, Fault> {
    match parts {
        [part] => Ok(part),
        _ => Err(failed(lasting(
            "not_available_yet",
            format!(
                "This worker can't join {} parts yet; it needs a newer version.",
                parts.len()
            ),
        ))),
    }
}

/// The task as the part that was made asks for it: its sound may have been made anew instead of copied.
fn asked_of<'a>(part: &Part, spec: &'a AssembleSpec) -> Result<Cow<'a, AssembleSpec>, Fault> {
    if !part.sound_made_anew {
        return Ok(Cow::Borrowed(spec));
    }
    spec.with_sound_made_anew().map(Cow::Owned).ok_or_else(|| {
        failed(lasting(
            "bad_task",
            "The part's sound was made anew, which was not planned; this is a fault of the service.",
        ))
    })
}

/// The part's checksum, which must be the one it was made with.
async fn intact(run: &Run<'_>, part: &Part, made: &Path) -> Result<String, Fault> {
    let sha256 = run.sha256(made).await?;
    if sha256 == part.sha256 {
        return Ok(sha256);
    }
    Err(failed(passing(
        "part_changed",
        "The encoded file came back from the store with other bytes than were put in.",
    )))
}

async fn verify(
    run: &Run<'_>,
    spec: &AssembleSpec,
    made: &Path,
) -> Result<(OutputMedia, Vec<Warning>), Fault> {
    let measured = verify::measure(
        &run.worker.config.tools,
        made,
        &run.limits(),
        |said| run.progress.ffmpeg(said),
        run.token,
    )
    .await
    .map_err(|e| tool_failed("verifying the result", &e))?;
    match verify::judge(&spec.expect, &measured) {
        Ok(media) => Ok((media, Vec::new())),
        Err(mismatches) => damaged::judge(run, spec, &measured, &mismatches).await,
    }
}

/// Frames and seconds that verification goes through.
fn expected(expect: &Expectation) -> (u64, f64) {
    use reelmill_domain::spec::Frames;
    match (&expect.video, &expect.audio) {
        (Some(video), _) => {
            let frames = match video.frames {
                Frames::Exactly(count) | Frames::About { count, .. } => count,
            };
            (frames, video.duration_s)
        }
        (None, Some(audio)) => (0, audio.duration_s),
        (None, None) => (0, 0.0),
    }
}
