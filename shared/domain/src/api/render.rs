//! From a job as it is to a job as the API shows it. Pure; what isn't in the job comes as [`JobFacts`] and [`Work`].

mod media;
mod output;
mod progress;
#[cfg(test)]
mod tests;
mod url;

pub use progress::progress_view;
pub use url::media_url;

use super::{JobView, SourceView};
use crate::id::{JobId, OutputId, TaskId};
use crate::job::{Job, JobEnding, JobState};
use crate::output::OutputState;
use crate::time::Timestamp;
use progress::Shares;
use std::collections::BTreeMap;

/// What the API shows of a job beside the job.
#[derive(Debug, Clone, Copy)]
pub struct JobFacts<'a> {
    /// The name its source came with.
    pub source_name: &'a str,
    /// SHA-256 of its source, hex, once probed.
    pub source_sha256: Option<&'a str>,
    /// The job that it tries again.
    pub retry_of: Option<JobId>,
    /// The owner's own.
    pub metadata: &'a BTreeMap<String, serde_json::Value>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// Its place in the queue.
    pub position: Option<u64>,
    /// Why nothing happens, if nothing can.
    pub waiting_for: Option<&'a str>,
    /// What URLs begin with: `https://video.example`, or nothing.
    pub prefix: &'a str,
}

/// Tasks of a job that are alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// The output they work for; none: a probe.
    pub output: Option<OutputId>,
    /// Their state's name.
    pub state: String,
    /// How many.
    pub tasks: u64,
    /// Their expected work together, in seconds of one core.
    pub cost_s: f64,
    /// Frames of the parts they made.
    pub frames: u64,
}

/// A run, as it last said how far it is.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveTask {
    /// Its task.
    pub task: TaskId,
    /// The output it works for.
    pub output: Option<OutputId>,
    /// 0 to 1 within the task.
    pub fraction: f64,
    /// How much of the task it does in a second; unknown at first.
    pub rate: Option<f64>,
    /// Frames done.
    pub frames_done: u64,
    /// Film seconds per second.
    pub speed: f64,
}

/// A job as the API shows it.
pub fn job_view(job: &Job, facts: &JobFacts<'_>, work: &[Work], live: &[LiveTask]) -> JobView {
    let shares = Shares::of(job, work, live);
    let (finished_at, error) = match &job.state {
        JobState::Ended {
            finished_at,
            ending,
            ..
        } => {
            let error = match ending {
                JobEnding::Failed { error } => Some(error.clone()),
                _ => None,
            };
            (Some(*finished_at), error)
        }
        _ => (None, None),
    };
    let expires = job.outputs.iter().filter_map(|o| match &o.state {
        OutputState::Published(p) => p.expires_at,
        _ => None,
    });
    JobView {
        id: job.id,
        name: job.name.clone(),
        state: job.state.name().to_owned(),
        progress: shares.progress(),
        eta_s: shares.eta_s(),
        position: facts.position,
        waiting_for: facts.waiting_for.map(str::to_owned),
        priority: job.priority,
        paused: job.paused,
        created_at: facts.created_at,
        started_at: job.state.started_at(),
        finished_at,
        expires_at: expires.min(),
        not_before: None,
        deadline: None,
        strict: job.strict,
        retry_of: facts.retry_of,
        source: SourceView {
            id: job.source,
            name: facts.source_name.to_owned(),
            bytes: job.input.bytes,
            sha256: facts.source_sha256.map(str::to_owned),
            url: None,
            media: job.media.as_ref().map(media::media_view),
        },
        outputs: job
            .outputs
            .iter()
            .map(|o| output::output_view(job.id, o, &shares, facts.prefix))
            .collect(),
        warnings: job.warnings.clone(),
        error,
        metadata: facts.metadata.clone(),
    }
}
