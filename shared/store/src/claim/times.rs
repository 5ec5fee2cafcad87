//! The times that a release keeps to. One rule for every dispatcher; reads no clock.

use std::time::Duration;

/// Times that a claim depends on, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct ClaimTimes {
    /// A task that nobody starts for so long is ready again.
    pub dispatch_ms: i64,
    /// A worker that is silent for so long isn't counted.
    pub lease_ms: i64,
}

impl ClaimTimes {
    /// How long a release waits for its start, and a silent worker counts. A release waits longer than a lease, however
    /// long that is: its worker must be known to be silent before.
    pub fn new(dispatch: Duration, lease: Duration) -> Self {
        let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        Self {
            dispatch_ms: millis(dispatch.max(lease.mul_f64(1.5))),
            lease_ms: millis(lease),
        }
    }

    /// How long the message of a release lives: it must be dead before its release lapses.
    pub fn message_ttl(self) -> Duration {
        Duration::from_millis(self.dispatch_ms.unsigned_abs()).mul_f64(0.9)
    }
}
