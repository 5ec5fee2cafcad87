//! The messages that go through the broker. JSON with a schema version; nothing here decides.

use crate::event::{Failure, Part, TaskResult};
use crate::id::{EventId, JobId, OutputId, RunId, TaskId, WorkerId};
use crate::lane::Lane;
use crate::spec::TaskSpec;
use crate::time::Timestamp;
use crate::worker::WorkerInfo;
use serde::{Deserialize, Serialize};

/// The version of all bodies here. Who reads what is newer does not act on it: it is given back, or left to a newer program.
pub const SCHEMA: u16 = 1;

/// Where in a trace a message was sent: the value of W3C's `traceparent` header
/// (<https://www.w3.org/TR/trace-context/#traceparent-header>). Adapters carry it beside the body, in that header.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Traceparent(String);

impl Traceparent {
    /// Takes what has the form `00-<32 hex>-<16 hex>-<2 hex>`, in lower case; nothing else, since it comes from outside.
    pub fn parse(text: &str) -> Option<Self> {
        let widths = [2, 32, 16, 2];
        let parts: Vec<&str> = text.split('-').collect();
        let hex = |part: &str| part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let zero = |part: &str| part.bytes().all(|b| b == b'0');
        let formed = parts.len() == widths.len()
            && parts
                .iter()
                .zip(widths)
                .all(|(part, width)| part.len() == width && hex(part));
        (formed && parts[0] == "00" && !zero(parts[1]) && !zero(parts[2]))
            .then(|| Self(text.to_owned()))
    }

    /// As it stands in the header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// webapp → status: a job was written or changed; look now. A hint, never needed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobHint {
    /// [`SCHEMA`].
    pub schema: u16,
    /// Which job.
    pub job: JobId,
    /// Runs that the change made pointless: stop them.
    pub stop: Vec<RunId>,
    /// Where in a trace it was sent; not part of the body.
    #[serde(skip)]
    pub trace: Option<Traceparent>,
}

/// status → worker: run this.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskMessage {
    /// [`SCHEMA`].
    pub schema: u16,
    /// The task.
    pub task: TaskId,
    /// The release: fencing number.
    pub attempt: u32,
    /// Its job.
    pub job: JobId,
    /// Its output, if it works for one.
    pub output: Option<OutputId>,
    /// The lane.
    pub lane: Lane,
    /// What is to be done.
    pub spec: TaskSpec,
    /// What the tasks it needed have made, in the order of its needs.
    pub parts: Vec<Part>,
    /// A worker that should give it back unharmed.
    pub avoid: Option<WorkerId>,
    /// Must be the only task of its worker.
    pub alone: bool,
    /// Where in a trace it was sent; not part of the body.
    #[serde(skip)]
    pub trace: Option<Traceparent>,
}

/// Names one run of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunRef {
    /// The task.
    pub task: TaskId,
    /// The attempt.
    pub attempt: u32,
    /// The run.
    pub run: RunId,
}

/// worker → status, durable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkerEvent {
    /// [`SCHEMA`].
    pub schema: u16,
    /// The same on every redelivery.
    pub id: EventId,
    /// Who says it.
    pub worker: WorkerId,
    /// What it says.
    pub body: WorkerEventBody,
    /// Where in a trace it was sent; not part of the body.
    #[serde(skip)]
    pub trace: Option<Traceparent>,
}

/// What a worker says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum WorkerEventBody {
    /// It is here, with all the runs it holds; sent at start and once a second.
    Renewal {
        /// Itself.
        info: WorkerInfo,
        /// The runs it holds.
        runs: Vec<RunRef>,
    },
    /// A run has begun.
    Started {
        /// Which.
        run: RunRef,
        /// Of which job, so that nothing need be looked up.
        job: JobId,
    },
    /// A run ended well.
    Succeeded {
        /// Which.
        run: RunRef,
        /// Of which job.
        job: JobId,
        /// What it made.
        result: TaskResult,
    },
    /// A run ended in an error of its own.
    Failed {
        /// Which.
        run: RunRef,
        /// Of which job.
        job: JobId,
        /// Why.
        failure: Failure,
    },
    /// A run is given back unharmed.
    Released {
        /// Which.
        run: RunRef,
        /// Of which job.
        job: JobId,
    },
    /// The worker has ended in order.
    Bye,
    /// Said by status to itself, through the same queue: shows how late events are taken in.
    Mark {
        /// When it was sent, by the database's clock.
        at: Timestamp,
    },
}

/// worker → everyone who watches; latest value only, may be lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// [`SCHEMA`].
    pub schema: u16,
    /// Which run.
    pub run: RunRef,
    /// Of which job.
    pub job: JobId,
    /// Of which output.
    pub output: Option<OutputId>,
    /// `fetch`, `probe`, `encode`, `verify`, `upload`.
    pub stage: Stage,
    /// 0 to 1 within the whole task.
    pub fraction: f64,
    /// Frames done.
    pub frames_done: u64,
    /// Frames in all; 0 when unknown.
    pub frames_total: u64,
    /// Film seconds per second.
    pub speed: f64,
    /// When the worker measured it, by its own clock; for order within a run only.
    pub at: Timestamp,
}

/// What a run is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Getting its inputs.
    Fetch,
    /// Reading the source.
    Probe,
    /// Encoding.
    Encode,
    /// Decoding the result.
    Verify,
    /// Storing the result.
    Upload,
}

/// status → workers, fan-out; may be lost (the next renewal is answered again).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Control {
    /// [`SCHEMA`].
    pub schema: u16,
    /// What is to be done.
    pub order: Order,
}

/// An order to workers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    /// End these runs at once, tell nothing, delete their keys.
    Stop {
        /// The runs.
        runs: Vec<RunId>,
    },
    /// Take nothing new (or again something new).
    Drain {
        /// Which worker.
        worker: WorkerId,
        /// Drain, or take work again.
        drain: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_traceparent_is_taken() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(
            Traceparent::parse(good).map(|t| t.as_str().to_owned()),
            Some(good.to_owned())
        );
        for bad in [
            "",
            "00",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        ] {
            assert_eq!(Traceparent::parse(bad), None, "{bad}");
        }
    }
}
