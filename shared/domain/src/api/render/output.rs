//! An output as the API shows it.

use super::progress::Shares;
use super::url::media_url;
use crate::api::{FileView, OutputView};
use crate::id::JobId;
use crate::output::{Output, OutputState};

pub(super) fn output_view(
    job: JobId,
    output: &Output,
    shares: &Shares,
    prefix: &str,
) -> OutputView {
    let share = shares.outputs.iter().find(|s| s.id == output.id);
    let published = match &output.state {
        OutputState::Published(p) => Some(p),
        _ => None,
    };
    let files: Vec<FileView> = published
        .into_iter()
        .flat_map(|p| &p.files)
        .map(|file| FileView {
            name: file.name.clone(),
            url: media_url(prefix, job, output.id, &file.name),
            bytes: file.bytes,
            sha256: file.sha256.clone(),
            content_type: file.content_type.clone(),
        })
        .collect();
    OutputView {
        id: output.id,
        preset: output.preset.shown_name().to_owned(),
        state: output.state.name().to_owned(),
        reason: match &output.state {
            OutputState::Skipped { reason } => Some(reason.clone()),
            _ => None,
        },
        progress: share.map_or(0.0, |s| s.progress),
        frames_done: share.map_or(0, |s| s.frames_done),
        frames_total: share.map_or(0, |s| s.frames_total),
        speed: share.and_then(|s| s.speed),
        eta_s: share.and_then(|s| s.eta_s),
        url: files.first().map(|f| f.url.clone()),
        bytes: published.map(|p| p.files.iter().map(|f| f.bytes).sum()),
        sha256: files.first().map(|f| f.sha256.clone()),
        files,
        media: published.map(|p| p.media.clone()),
        failures: output.failures,
        expires_at: published.and_then(|p| p.expires_at),
        error: match &output.state {
            OutputState::Failed(error) => Some(error.clone()),
            _ => None,
        },
    }
}
