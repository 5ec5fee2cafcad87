//! What happens to a job, and what is to be done about it: the input and output of its one transition.

use crate::id::{OutputId, RunId, TaskId, WorkerId};
use crate::media::Media;
use crate::output::{OutputFile, OutputMedia};
use crate::task::Task;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What happens to a job.
#[derive(Debug, Clone, PartialEq)]
pub enum JobEvent {
    /// Something happened to one of its tasks, loaded in the same transaction.
    Task {
        /// The task as stored.
        task: Box<Task>,
        /// What happened to it.
        what: TaskEvent,
    },
    /// Its owner wants no more of it.
    Cancel,
    /// Its owner changes its place in the queue, 0 to 9.
    SetPriority(u8),
    /// Its owner holds it back, or lets it go on.
    SetPaused(bool),
    /// Its owner renames it.
    Rename(String),
    /// An output's time is over.
    Expire(OutputId),
}

/// What happens to a task.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskEvent {
    /// The dispatcher takes it for release: `ready → dispatched`, attempt + 1.
    Claimed {
        /// No `started` by then: ready again.
        until: Timestamp,
    },
    /// Nobody started it in time, or the broker gave the message back.
    DispatchExpired {
        /// The attempt that was sent.
        attempt: u32,
    },
    /// Taken back before it started (paused, overtaken, no worker left).
    TakenBack,
    /// A worker started a run.
    Started {
        /// The attempt it got.
        attempt: u32,
        /// Its run.
        run: RunId,
        /// Itself.
        worker: WorkerId,
        /// Its lease.
        lease_until: Timestamp,
    },
    /// A run ended well.
    Succeeded {
        /// Of this attempt.
        attempt: u32,
        /// Of this run.
        run: RunId,
        /// What it made.
        result: TaskResult,
    },
    /// A run ended in an error of its own.
    Failed {
        /// Of this attempt.
        attempt: u32,
        /// Of this run.
        run: RunId,
        /// Why.
        failure: Failure,
    },
    /// A worker gave a run back unharmed (it stops).
    Released {
        /// Of this attempt.
        attempt: u32,
        /// Of this run.
        run: RunId,
    },
    /// The lease of this run lapsed.
    LeaseLapsed {
        /// Of this run.
        run: RunId,
        /// Whether the task was the only one its worker ran.
        alone: bool,
    },
    /// One of the tasks that it waits on succeeded.
    NeedMet,
}

/// What a task made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TaskResult {
    /// The source is known.
    Probed {
        /// What it is.
        media: Box<Media>,
        /// SHA-256 of its bytes, hex.
        sha256: String,
    },
    /// A part is stored.
    Encoded {
        /// Where.
        part: Part,
    },
    /// A verified output is stored.
    Made {
        /// Its files, the entry file first.
        files: Vec<OutputFile>,
        /// What verification measured.
        media: OutputMedia,
        /// What its owner should know (a damaged source).
        warnings: Vec<Warning>,
    },
}

/// A part of an output, made by one encode task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Object key.
    pub key: String,
    /// Size.
    pub bytes: u64,
    /// SHA-256, hex.
    pub sha256: String,
    /// Frames that the encoder reported.
    pub frames: u64,
    /// Processor time of ffmpeg, in seconds.
    pub cpu_s: f64,
    /// What the owner should know of the source, as making the part showed.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// Its sound was to be copied, but was damaged so that it had to be made anew.
    #[serde(default)]
    pub sound_made_anew: bool,
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Stable, for programs.
    pub code: String,
    /// In words that the job's owner understands.
    pub message: String,
    /// The end of ffmpeg's log, bounded to 8 KiB.
    pub log_tail: Option<String>,
    /// Trying again can't help (the source is at fault): fails at once.
    pub permanent: bool,
    /// The worker had no room, or lacks an ability or a right; another one may have it.
    pub avoid_worker: bool,
}

/// Something that went well but that the owner should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Warning {
    /// Stable, for programs.
    pub code: String,
    /// In plain words.
    pub message: String,
}

/// What is to be done after a transition, in order; the caller does all of it in the same transaction,
/// except `Stop`, `WakeDispatcher`, which it carries out after the commit.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Write this task (it exists).
    SaveTask(Box<Task>),
    /// Write these new tasks with their needs.
    AddTasks(Vec<Task>),
    /// Lower the count of every waiting task that needs this one; those at zero become ready.
    MeetNeedsOf(TaskId),
    /// Cancel every task of the job that has not ended; the runs of those that run are stopped.
    CancelTasks,
    /// Cancel the unended tasks of one output; likewise.
    CancelTasksOf(OutputId),
    /// These objects now belong to an output: count the references.
    KeepFiles(OutputId, Vec<OutputFile>),
    /// An output's references go.
    DropFiles(OutputId),
    /// The source is known: store it with the source.
    SourceProbed {
        /// What it is.
        media: Box<Media>,
        /// SHA-256, hex.
        sha256: String,
    },
    /// Tell a worker to stop a run.
    Stop(RunId),
    /// Append to `job_events`.
    Tell(Telling),
    /// The job has ended: its work files may go.
    ReapWork,
    /// There may be something to dispatch.
    WakeDispatcher,
}

/// A line of the job's story, as `job_events` keeps it and SSE, webhooks and mail tell it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Telling {
    /// The job changed state, or one of its fields.
    Job {
        /// Its state's API name.
        state: String,
    },
    /// An output changed state.
    Output {
        /// Which.
        output: OutputId,
        /// Its state's API name.
        state: String,
    },
    /// The job is gone.
    Deleted,
}
