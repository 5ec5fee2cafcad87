//! When an output is not what the plan expects: is the source to blame? What of it can be decoded is measured, and the
//! owner gets that much, with a warning; or a failure that says what differs.

use super::{Run, assemble::VERIFIED};
use crate::failure::{Fault, failed, lasting, probe_failed, sentence, tool_failed};
use reelmill_domain::{event::Warning, output::OutputMedia, spec::AssembleSpec, wire::Stage};
use reelmill_ffmpeg::{
    probe,
    verify::{self, Measured, Mismatch},
};

/// Accepts what a damaged source could give, unless the job is strict.
pub async fn judge(
    run: &Run<'_>,
    spec: &AssembleSpec,
    measured: &Measured,
    mismatches: &[Mismatch],
) -> Result<(OutputMedia, Vec<Warning>), Fault> {
    tracing::info!(task = %run.run.task, ?mismatches, "not as expected; measuring what the source holds");
    let source = run.fetch(&spec.source, "source").await?;
    run.progress
        .stage(Stage::Verify, VERIFIED..VERIFIED, 0, 0.0);
    let (tools, limits) = (&run.worker.config.tools, run.limits());
    let media = probe::probe(tools, &source, &spec.limits, &limits, |_| {}, run.token)
        .await
        .map_err(|e| probe_failed(&e))?;
    let decodable = verify::decodable(
        tools,
        &source,
        &media,
        &spec.limits,
        &limits,
        |said| run.progress.ffmpeg(said),
        run.token,
    )
    .await
    .map_err(|e| tool_failed("measuring what of the source can be decoded", &e))?;
    match verify::judge_damaged(&spec.expect, measured, &decodable, &media) {
        Err(_) => Err(failed(lasting("verification_failed", differs(mismatches)))),
        Ok((_, warnings)) if spec.strict && !warnings.is_empty() => {
            let said: Vec<&str> = warnings.iter().map(|w| w.message.as_str()).collect();
            Err(failed(lasting("source_damaged", said.join(" "))))
        }
        Ok(accepted) => Ok(accepted),
    }
}

fn differs(mismatches: &[Mismatch]) -> String {
    let said: Vec<String> = mismatches.iter().map(|m| sentence(&m.message)).collect();
    format!(
        "The encoded file was decoded and is not what was asked for. {}",
        said.join(" ")
    )
}
