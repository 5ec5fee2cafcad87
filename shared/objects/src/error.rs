//! What can go wrong between us and an object store.

use thiserror::Error;

/// An object store's failure: what was attempted, on what, and why it failed.
#[derive(Debug, Error)]
pub enum ObjectError {
    /// There is no such object.
    #[error("there is no object `{key}`")]
    NotFound {
        /// The key.
        key: String,
    },
    /// The key is not one of ours (empty, absolute, `..`, or a character that is not allowed).
    #[error("`{key}` is not a usable object key")]
    BadKey {
        /// The key.
        key: String,
    },
    /// The store is full.
    #[error("{attempt} `{key}`: no space left in the object store")]
    Full {
        /// What was attempted.
        attempt: &'static str,
        /// The key.
        key: String,
    },
    /// The sender's stream broke; what came before is kept.
    #[error("{attempt} `{key}`: the incoming data broke off ({cause})")]
    Incoming {
        /// What was attempted.
        attempt: &'static str,
        /// The key.
        key: String,
        /// Why.
        cause: String,
    },
    /// The store answers and refuses: no such bucket or container, a key it doesn't know, a right that is missing.
    /// Somebody must mend the settings; trying again doesn't.
    #[error("{attempt} `{key}` is refused: {cause}")]
    Misconfigured {
        /// What was attempted.
        attempt: &'static str,
        /// The key.
        key: String,
        /// Why, and what to set right.
        cause: String,
    },
    /// Anything else; may be tried again.
    #[error("{attempt} `{key}` failed: {cause}")]
    Failed {
        /// What was attempted.
        attempt: &'static str,
        /// The key.
        key: String,
        /// Why.
        cause: String,
    },
}

impl ObjectError {
    /// What kind of failure it is, stable and in one word: for programs, and for those who may not see more. Never names a
    /// key or a place.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::BadKey { .. } => "bad_key",
            Self::Full { .. } => "full",
            Self::Incoming { .. } => "broke_off",
            Self::Misconfigured { .. } => "misconfigured",
            Self::Failed { .. } => "unreachable",
        }
    }
}
