//! A task and its life: what one worker runs at one time. Its transition is pure and total.

use crate::event::{Failure, TaskResult};
use crate::id::{JobId, OutputId, RunId, TaskId, WorkerId};
use crate::lane::Lane;
use crate::spec::{Input, ProbeSpec, SourceLimits, TaskSpec};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

mod step;

pub use step::{LOSSES_BEFORE_ALONE, Outcome, TaskStep, stale_run, transition};

/// A task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// Its job.
    pub job: JobId,
    /// The output it works for; a probe works for all.
    pub output: Option<OutputId>,
    /// The queue it goes through.
    pub lane: Lane,
    /// What is to be done.
    pub spec: TaskSpec,
    /// Expected work in seconds of one core; for order and ETA only.
    pub cost_s: f64,
    /// Tasks whose success it waits on.
    pub needs: Vec<TaskId>,
    /// Where it stands.
    pub state: TaskState,
    /// How many times it was released: the fencing number. Grows by one each time it is claimed for release.
    pub attempt: u32,
    /// Attempts that ended in an error of their own.
    pub failures: u32,
    /// Leases that lapsed; after two it runs alone.
    pub losses: u32,
    /// A worker that had no room for it, or wasn't let into the store: another one may do better.
    pub avoid: Option<WorkerId>,
}

/// Where a task stands. Terminal: succeeded, failed, cancelled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum TaskState {
    /// On other tasks.
    Waiting {
        /// How many.
        on: u32,
    },
    /// To be released.
    Ready,
    /// Released, not yet started.
    Dispatched {
        /// Ready again if nobody starts it by then.
        until: Timestamp,
    },
    /// On a worker.
    Running {
        /// The run that is bound to the attempt.
        run: RunId,
        /// Who runs it.
        worker: WorkerId,
        /// Lost if not renewed by then.
        lease_until: Timestamp,
    },
    /// Done.
    Succeeded {
        /// By this run.
        run: RunId,
        /// With this.
        result: TaskResult,
    },
    /// No more attempts.
    Failed {
        /// Why.
        failure: Failure,
    },
    /// Not wanted any more.
    Cancelled,
}

impl Task {
    /// A probe for a new job, ready to be released.
    pub fn probe(id: TaskId, job: JobId, source: Input, limits: SourceLimits) -> Self {
        Self {
            id,
            job,
            output: None,
            lane: Lane::light(),
            // Reading and hashing: some 400 MB a second.
            cost_s: 0.2 + source.bytes as f64 / 4e8,
            spec: TaskSpec::Probe(ProbeSpec { source, limits }),
            needs: Vec::new(),
            state: TaskState::Ready,
            attempt: 0,
            failures: 0,
            losses: 0,
            avoid: None,
        }
    }

    /// Whether it may only run on a worker that runs nothing else: it was lost with its worker too often.
    pub fn must_run_alone(&self) -> bool {
        self.losses >= LOSSES_BEFORE_ALONE
    }
}

impl TaskState {
    /// The state's name in the database and the API.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Ready => "ready",
            Self::Dispatched { .. } => "dispatched",
            Self::Running { .. } => "running",
            Self::Succeeded { .. } => "succeeded",
            Self::Failed { .. } => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing changes it any more.
    pub fn is_terminal(&self) -> bool {
        matches!(
            self,
            Self::Succeeded { .. } | Self::Failed { .. } | Self::Cancelled
        )
    }
}
