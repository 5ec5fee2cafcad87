//! How failures of the database and the object store look to a client. Causes go to the log, never to the client.

use reelmill_objects::ObjectError;
use reelmill_runtime::http::ApiProblem;
use reelmill_store::{Retry, StoreError};
use std::time::Duration;

/// Why a request could not be done: an answer for the client, or a database that failed (perhaps only for this once).
#[derive(Debug)]
pub enum Refusal {
    /// For the client.
    Problem(ApiProblem),
    /// For the log, or for another try.
    Store(StoreError),
}

impl From<ApiProblem> for Refusal {
    fn from(problem: ApiProblem) -> Self {
        Self::Problem(problem)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Retry for Refusal {
    fn retry(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_retryable())
    }

    fn is_away(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_away())
    }

    fn gave_up(self, tries: u32, after: Duration) -> Self {
        match self {
            Self::Store(error) => Self::Store(error.gave_up(tries, after)),
            refused => refused,
        }
    }
}

impl From<Refusal> for ApiProblem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Problem(problem) => problem,
            Refusal::Store(error) => of_store(&error),
        }
    }
}

/// What a failure of the database is to the client.
pub fn of_store(error: &StoreError) -> ApiProblem {
    match error {
        StoreError::NotFound { what, id } => {
            ApiProblem::not_found(format!("there is no {what} {id}"))
        }
        StoreError::FileGone { .. } => {
            ApiProblem::gone("source_gone", "the source file is gone; upload it again")
        }
        error if error.is_full() => {
            tracing::warn!(%error, "the database has no space");
            ApiProblem::no_space()
        }
        error if error.is_retryable() || error.is_away() => {
            ApiProblem::unavailable("writing that down", error)
        }
        error => ApiProblem::internal("writing that down", error),
    }
}

/// What a failure of the object store is to the client.
pub fn of_objects(error: &ObjectError) -> ApiProblem {
    match error {
        ObjectError::Full { .. } => {
            tracing::warn!(%error, "the object store has no space");
            ApiProblem::no_space()
        }
        ObjectError::Incoming { .. } => {
            ApiProblem::bad_request("body_broken_off", "the body broke off")
        }
        error => ApiProblem::unavailable("storing that", error),
    }
}
