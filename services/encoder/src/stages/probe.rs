//! Probe: what the source is, and the SHA-256 of its bytes, read once.

use super::Run;
use crate::{
    failure::{Fault, probe_failed},
    task_span::stage,
};
use reelmill_domain::{event::TaskResult, spec::ProbeSpec, wire::Stage};
use reelmill_ffmpeg::probe;
use tracing::Instrument;

/// Looks at the source.
pub async fn probe(run: &Run<'_>, spec: &ProbeSpec) -> Result<TaskResult, Fault> {
    let source = run.fetch(&spec.source, "source").await?;
    run.progress.stage(Stage::Probe, 0.0..1.0, 0, 0.0);
    let limits = run.limits();
    let looking = async {
        probe::probe(
            &run.worker.config.tools,
            &source,
            &spec.limits,
            &limits,
            |fraction| run.progress.fraction(fraction),
            run.token,
        )
        .instrument(stage("probe"))
        .await
        .map_err(|e| probe_failed(&e))
    };
    // A source that is no good is said at once: its hashing ends with the future.
    let (media, sha256) = tokio::try_join!(looking, run.sha256(&source))?;
    Ok(TaskResult::Probed {
        media: Box::new(media),
        sha256,
    })
}
