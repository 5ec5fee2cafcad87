//! What went wrong, in words that a job's owner understands: source faults are for good, everything else may be tried again.

use reelmill_domain::event::Failure;
use reelmill_ffmpeg::{Cause, RunError, probe::ProbeError};
use reelmill_objects::ObjectError;
use std::io;

/// Why a run made nothing.
#[derive(Debug)]
pub enum Fault {
    /// An error of its own.
    Failed(Failure),
    /// It was ended from outside.
    Ended,
    /// Nothing for this worker; another one may take it.
    NotHere,
}

/// A failure that may be tried again.
pub fn passing(code: &str, message: impl Into<String>) -> Failure {
    Failure {
        code: code.to_owned(),
        message: message.into(),
        log_tail: None,
        permanent: false,
        avoid_worker: false,
    }
}

/// A failure that no try can mend.
pub fn lasting(code: &str, message: impl Into<String>) -> Failure {
    Failure {
        permanent: true,
        ..passing(code, message)
    }
}

/// A failure as a fault.
pub fn failed(failure: Failure) -> Fault {
    Fault::Failed(failure)
}

/// The worker's disk is full.
pub fn no_scratch_space() -> Failure {
    Failure {
        avoid_worker: true,
        ..passing(
            "no_scratch_space",
            "The worker's disk has no room left for this task.",
        )
    }
}

/// The worker's disk failed.
pub fn scratch_failed(error: &io::Error) -> Fault {
    failed(match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => no_scratch_space(),
        _ => Failure {
            avoid_worker: true,
            ..passing(
                "scratch_failed",
                format!("The worker's disk could not be used: {error}."),
            )
        },
    })
}

/// ffmpeg or ffprobe failed while `doing` ("encoding", "verifying the result").
pub fn tool_failed(doing: &str, error: &RunError) -> Fault {
    if error.is_cancelled() {
        return Fault::Ended;
    }
    if matches!(error.cause, Cause::DiskFull) {
        return failed(Failure {
            log_tail: error.log_tail().map(str::to_owned),
            ..no_scratch_space()
        });
    }
    failed(Failure {
        code: error.code().to_owned(),
        message: format!("Failed while {doing}: {error}."),
        log_tail: error.log_tail().map(str::to_owned),
        permanent: error.is_permanent(),
        avoid_worker: error.avoid_worker(),
    })
}

/// The source can't be used, or ffprobe failed on it.
pub fn probe_failed(error: &ProbeError) -> Fault {
    match error {
        ProbeError::Run(run) if run.is_cancelled() => Fault::Ended,
        ProbeError::Run(run) if matches!(run.cause, Cause::DiskFull) => {
            tool_failed("examining the source", run)
        }
        _ => failed(Failure {
            code: error.code().to_owned(),
            message: sentence(&error.to_string()),
            log_tail: error.log_tail().map(str::to_owned),
            permanent: error.is_permanent(),
            avoid_worker: false,
        }),
    }
}

/// An input could not be fetched. Only the worker's own disk can be full then.
pub fn fetch_failed(error: &ObjectError) -> Fault {
    failed(match error {
        ObjectError::NotFound { .. } => lasting(
            "input_missing",
            "A file that this task needs is no longer in the store.",
        ),
        ObjectError::Full { .. } => no_scratch_space(),
        _ => passing(
            "storage_failed",
            format!("The store could not be read: {error}."),
        ),
    })
}

/// A result could not be stored.
pub fn store_failed(error: &ObjectError) -> Fault {
    failed(match error {
        ObjectError::Full { .. } => passing(
            "storage_full",
            "There is no space left where finished files are kept.",
        ),
        _ => passing(
            "storage_failed",
            format!("The result could not be stored: {error}."),
        ),
    })
}

/// First letter large, full stop at the end.
pub fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    let stop = if words.ends_with('.') { "" } else { "." };
    format!("{}{}{stop}", first.unwrap_or_default(), letters.as_str())
}
