//! How far a job and its outputs are: by expected work, so that a long encode weighs more than a short assembly.

use super::{LiveTask, Work};
use crate::api::{OutputProgress, ProgressView};
use crate::id::OutputId;
use crate::job::Job;
use crate::output::{Output, OutputState};

/// An output that has not ended shows less than all.
const ALMOST: f64 = 0.999;

/// How far one output is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Share {
    pub id: OutputId,
    /// 0 to 1; nothing for what ended without being made.
    pub progress: f64,
    pub frames_done: u64,
    pub frames_total: u64,
    pub speed: Option<f64>,
    pub eta_s: Option<f64>,
    /// Expected work in all, in seconds of one core.
    weight: f64,
    /// What of it is done, or not wanted any more.
    done: f64,
    /// Work done in a second.
    rate: f64,
}

/// How far every output of a job is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shares {
    pub outputs: Vec<Share>,
    ended: bool,
}

impl Shares {
    pub fn of(job: &Job, work: &[Work], live: &[LiveTask]) -> Self {
        let outputs = job.outputs.iter().map(|o| share(o, work, live)).collect();
        Self {
            outputs,
            ended: job.state.is_terminal(),
        }
    }

    pub fn progress(&self) -> f64 {
        if self.ended {
            return 1.0;
        }
        let weight: f64 = self.outputs.iter().map(|o| o.weight).sum();
        let done: f64 = self.outputs.iter().map(|o| o.done).sum();
        if weight > 0.0 {
            rounded((done / weight).clamp(0.0, ALMOST))
        } else {
            0.0
        }
    }

    /// At least as long as its slowest output, and as all that is left needs at today's pace.
    pub fn eta_s(&self) -> Option<f64> {
        if self.ended {
            return None;
        }
        let left: f64 = self.outputs.iter().map(|o| o.weight - o.done).sum();
        let rate: f64 = self.outputs.iter().map(|o| o.rate).sum();
        let all = eta(left, rate)?;
        Some(
            self.outputs
                .iter()
                .filter_map(|o| o.eta_s)
                .fold(all, f64::max),
        )
    }
}

/// The `progress` event of a job.
pub fn progress_view(job: &Job, work: &[Work], live: &[LiveTask]) -> ProgressView {
    let shares = Shares::of(job, work, live);
    let output = |o: &Share| OutputProgress {
        id: o.id,
        progress: o.progress,
        frames_done: o.frames_done,
        frames_total: o.frames_total,
        speed: o.speed,
        eta_s: o.eta_s,
    };
    ProgressView {
        job: job.id,
        progress: shares.progress(),
        eta_s: shares.eta_s(),
        outputs: shares.outputs.iter().map(output).collect(),
    }
}

fn share(output: &Output, work: &[Work], live: &[LiveTask]) -> Share {
    let mine = || work.iter().filter(|w| w.output == Some(output.id));
    let runs = || live.iter().filter(|l| l.output == Some(output.id));
    let weight: f64 = mine().map(|w| w.cost_s).sum();
    let frames_total = output.planned.map_or(0, |p| p.frames);
    let share = Share {
        id: output.id,
        progress: 0.0,
        frames_done: 0,
        frames_total,
        speed: None,
        eta_s: None,
        weight,
        done: weight,
        rate: 0.0,
    };
    let encoding = match &output.state {
        OutputState::Waiting => return Share { done: 0.0, ..share },
        OutputState::Published(_) | OutputState::Expired { .. } => {
            return Share {
                progress: 1.0,
                frames_done: frames_total,
                ..share
            };
        }
        OutputState::Failed(_) | OutputState::Cancelled | OutputState::Skipped { .. } => {
            return share;
        }
        OutputState::Encoding(_) => true,
        OutputState::Assembling(_) => false,
    };
    let running = || mine().filter(|w| w.state == "running");
    let running_tasks: u64 = running().map(|w| w.tasks).sum();
    let each = running().map(|w| w.cost_s).sum::<f64>() / running_tasks.max(1) as f64;
    let finished: f64 = mine()
        .filter(|w| w.state == "succeeded")
        .map(|w| w.cost_s)
        .sum();
    let done = (finished + each * runs().map(|l| l.fraction).sum::<f64>()).clamp(0.0, weight);
    let rate = each * runs().filter_map(|l| l.rate).sum::<f64>();
    let frames_done = if encoding {
        let parts: u64 = mine().map(|w| w.frames).sum();
        frames_total.min(parts + runs().map(|l| l.frames_done).sum::<u64>())
    } else {
        frames_total
    };
    let speed: f64 = runs().map(|l| l.speed).sum();
    Share {
        progress: if weight > 0.0 {
            rounded((done / weight).min(ALMOST))
        } else {
            0.0
        },
        frames_done,
        speed: (speed > 0.0).then(|| rounded(speed)),
        eta_s: eta(weight - done, rate),
        done,
        rate,
        ..share
    }
}

fn eta(left: f64, rate: f64) -> Option<f64> {
    (rate > 0.0)
        .then(|| (left.max(0.0) / rate * 10.0).round() / 10.0)
        .filter(|s| s.is_finite())
}

fn rounded(x: f64) -> f64 {
    (x * 10_000.0).round() / 10_000.0
}
