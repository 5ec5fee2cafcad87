//! What went wrong, in words that a job's owner understands: source faults are for good, everything else may be tried again.
//! Hosts, buckets, paths and keys are for the log alone, which gets them here, once.

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
    tracing::error!(%error, "the worker's disk failed");
    failed(match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => no_scratch_space(),
        _ => Failure {
            avoid_worker: true,
            ..passing("scratch_failed", "The worker's disk could not be used.")
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
    tracing::error!(%error, "an input could not be fetched");
    failed(match error {
        // Not for good: a replica that lags may not know it yet, and another worker asks another one.
        ObjectError::NotFound { .. } => passing(
            "input_missing",
            "A file that this task needs is no longer in the store.",
        ),
        ObjectError::Full { .. } => no_scratch_space(),
        ObjectError::Misconfigured { .. } => storage_refused(),
        _ => passing(
            "storage_failed",
            "The store could not be read, though it was tried again for some time.",
        ),
    })
}

/// A result could not be stored.
pub fn store_failed(error: &ObjectError) -> Fault {
    tracing::error!(%error, "a result could not be stored");
    failed(match error {
        ObjectError::Full { .. } => passing(
            "storage_full",
            "There is no space left where finished files are kept.",
        ),
        ObjectError::Misconfigured { .. } => storage_refused(),
        _ => passing(
            "storage_failed",
            "The result could not be stored, though it was tried again for some time.",
        ),
    })
}

/// Another worker may have the right that this one lacks.
fn storage_refused() -> Failure {
    Failure {
        avoid_worker: true,
        ..passing(
            "storage_refused",
            "The store refuses this worker; whoever runs this service has to correct its settings.",
        )
    }
}

/// First letter large, full stop at the end.
pub fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    let stop = if words.ends_with('.') { "" } else { "." };
    format!("{}{}{stop}", first.unwrap_or_default(), letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::{Fault, fetch_failed, scratch_failed, store_failed};
    use reelmill_objects::ObjectError;
    use std::io;

    /// Every kind of failure, with what only whoever runs the service may know.
    fn errors() -> Vec<ObjectError> {
        let key = || "sources/1".to_owned();
        let cause = || "http://10.0.0.7:9000 denies AKIA5 this on bucket `films`".to_owned();
        let attempt = "fetching";
        vec![
            ObjectError::NotFound { key: key() },
            ObjectError::BadKey { key: key() },
            ObjectError::Full {
                attempt,
                key: key(),
            },
            ObjectError::Incoming {
                attempt,
                key: key(),
                cause: cause(),
            },
            ObjectError::Misconfigured {
                attempt,
                key: key(),
                cause: cause(),
            },
            ObjectError::Failed {
                attempt,
                key: key(),
                cause: cause(),
            },
        ]
    }

    #[test]
    fn an_owner_learns_the_cause_and_nothing_of_the_store() {
        let disk = io::Error::other("/var/lib/worker-7 is read-only");
        let faults = errors()
            .into_iter()
            .flat_map(|error| [fetch_failed(&error), store_failed(&error)])
            .chain([scratch_failed(&disk)]);
        for fault in faults {
            let Fault::Failed(failure) = fault else {
                panic!("{fault:?}");
            };
            for secret in ["10.0.0.7", "9000", "AKIA5", "films", "sources/", "/var"] {
                assert!(!failure.message.contains(secret), "{failure:?}");
            }
            assert!(!failure.code.is_empty() && failure.message.ends_with('.'));
            assert!(!failure.permanent, "time or a setting may mend it");
            if failure.code == "storage_refused" {
                assert!(failure.avoid_worker, "another one may be let in");
            }
        }
    }

    #[test]
    fn codes_tell_what_failed() {
        let codes = |of: fn(&ObjectError) -> Fault| -> Vec<String> {
            let faults = errors();
            let codes = faults.iter().map(|error| match of(error) {
                Fault::Failed(failure) => failure.code,
                other => panic!("{other:?}"),
            });
            codes.collect()
        };
        let (refused, failed) = ("storage_refused", "storage_failed");
        assert_eq!(
            codes(fetch_failed),
            [
                "input_missing",
                failed,
                "no_scratch_space",
                failed,
                refused,
                failed
            ]
        );
        assert_eq!(
            codes(store_failed),
            [failed, failed, "storage_full", failed, refused, failed]
        );
    }
}
