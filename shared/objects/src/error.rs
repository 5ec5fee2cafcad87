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
