//! What can go wrong between us and a broker.

use thiserror::Error;

/// A broker's failure: what was attempted, on what, and why it failed.
#[derive(Debug, Error)]
pub enum BrokerError {
    /// Nobody consumes this lane; the message was given back.
    #[error("no worker takes tasks from lane `{lane}`")]
    Unroutable {
        /// The lane.
        lane: String,
    },
    /// The broker is away; try again.
    #[error("{attempt} failed: the broker can't be reached ({cause})")]
    Unreachable {
        /// What was attempted.
        attempt: &'static str,
        /// Why.
        cause: String,
    },
    /// A body could not be written or read.
    #[error("{attempt}: the message is not what this version writes ({cause})")]
    Malformed {
        /// What was attempted.
        attempt: &'static str,
        /// Why.
        cause: String,
    },
    /// What was said about the broker makes no sense.
    #[error("`broker.url` can't be used: {cause}")]
    Misconfigured {
        /// Why.
        cause: String,
    },
    /// This broker is being closed.
    #[error("the broker is closed")]
    Closed,
}
