//! What the webapp is told at its start.

use reelmill_runtime::http::HttpSettings;
use reelmill_store::{Policy, claim::ClaimTimes};
use std::time::Duration;

/// The webapp's settings.
#[derive(Debug, Clone)]
pub struct WebappConfig {
    /// How it is reached, and by whom.
    pub http: HttpSettings,
    /// Largest upload in bytes (`limits.upload_bytes`), at least 1.
    pub upload_bytes: u64,
    /// Seconds that an upload stays without a new byte, and without a job that uses it.
    pub upload_expiry_s: u64,
    /// The rules that transitions follow.
    pub policy: Policy,
    /// Silence after which a worker counts as lost (`tasks.lease_s`).
    pub lease: Duration,
    /// What the release of a job's first task keeps to; the same as status's.
    pub times: ClaimTimes,
    /// No other process uses this database: locks found at the start are a dead predecessor's.
    pub alone: bool,
}

impl WebappConfig {
    pub(crate) fn lease_ms(&self) -> i64 {
        i64::try_from(self.lease.as_millis()).unwrap_or(i64::MAX)
    }
}
