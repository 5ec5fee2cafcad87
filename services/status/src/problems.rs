//! Failures of the database and the object store as a client sees them. Causes go to the log.

use reelmill_objects::ObjectError;
use reelmill_runtime::http::ApiProblem;
use reelmill_store::StoreError;

/// The database failed.
pub fn of_store(error: &StoreError) -> ApiProblem {
    match error {
        StoreError::Unreadable { .. } => ApiProblem::internal("reading that", error),
        error => ApiProblem::unavailable("reading that", error),
    }
}

/// The object store failed.
pub fn of_objects(error: &ObjectError) -> ApiProblem {
    match error {
        ObjectError::NotFound { .. } | ObjectError::BadKey { .. } => {
            ApiProblem::internal("reading the file", error)
        }
        error => ApiProblem::unavailable("reading the file", error),
    }
}
