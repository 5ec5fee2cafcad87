//! Where things lie in the object store. User text never becomes part of a key.

use crate::id::{FileId, JobId, OutputId, RunId, TaskId};

/// An uploaded source: `sources/<file>`.
pub fn source(file: FileId) -> String {
    format!("sources/{file}")
}

/// The prefix of everything that a job makes on the way; reaped at its end.
pub fn work_prefix(job: JobId) -> String {
    format!("work/{job}/")
}

/// A file that one run of one attempt of a task makes on the way.
pub fn work(job: JobId, task: TaskId, attempt: u32, run: RunId, name: &str) -> String {
    format!("work/{job}/{task}/{attempt}-{run}/{name}")
}

/// The prefix of the files that a job offers.
pub fn output_prefix(job: JobId) -> String {
    format!("outputs/{job}/")
}

/// A file that an output offers, made by one run; shown only when that run's result is accepted.
pub fn output(job: JobId, output: OutputId, attempt: u32, run: RunId, name: &str) -> String {
    format!("outputs/{job}/{output}/{attempt}-{run}/{name}")
}
