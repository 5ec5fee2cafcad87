//! What status is told at its start.

use reelmill_domain::spec::SourceLimits;
use reelmill_store::{claim::ClaimTimes, workers::Admission};
use std::time::Duration;
use url::Url;

/// Status's settings.
#[derive(Debug, Clone)]
pub struct StatusConfig {
    /// The address people use (`http.public_url`); absent: relative URLs.
    pub public_url: Option<Url>,
    /// Silence after which a run is lost (`tasks.lease_s`). At least a few renewals, which come once a second.
    pub lease: Duration,
    /// A release that nobody starts for so long is ready again; at least one and a half leases.
    pub dispatch: Duration,
    /// Attempts of a task that may end in an error of their own, at least 1.
    pub max_attempts: u32,
    /// What sources may be at most.
    pub limits: SourceLimits,
    /// How long published outputs stay in seconds, when their job doesn't say; absent: for ever.
    pub retention_output_s: Option<u64>,
    /// How long a source stays after its last job ended, in seconds; absent: as long as its job.
    pub retention_source_s: Option<u64>,
    /// No other process uses this database and this broker, and the broker kept nothing: what ran when the last one ended
    /// need not be waited for.
    pub alone: bool,
    /// A front that understands `X-Accel-Redirect` fetches files from the object store itself (`http.accel_redirect`).
    pub accel_redirect: bool,
    /// New workers get no tasks until an operator enables them (`workers.require_enable`).
    pub require_enable: bool,
    /// How long ended jobs are kept in seconds, with their outputs (`retention.job_s`); absent: for ever.
    pub retention_job_s: Option<u64>,
    /// How often to look for what has had its time.
    pub sweep_every: Duration,
}

impl StatusConfig {
    /// The embedded defaults, with these limits.
    pub fn new(limits: SourceLimits) -> Self {
        Self {
            public_url: None,
            lease: Duration::from_secs(10),
            dispatch: Duration::from_secs(60),
            max_attempts: 3,
            limits,
            retention_output_s: None,
            retention_source_s: None,
            alone: false,
            accel_redirect: false,
            require_enable: false,
            retention_job_s: None,
            sweep_every: Duration::from_secs(30),
        }
    }

    pub(crate) fn lease_ms(&self) -> i64 {
        millis(self.lease)
    }

    pub(crate) fn admission(&self) -> Admission {
        match self.require_enable {
            true => Admission::ByOperator,
            false => Admission::Open,
        }
    }

    /// What a release keeps to.
    pub(crate) fn claim_times(&self) -> ClaimTimes {
        ClaimTimes::new(self.dispatch, self.lease)
    }

    /// What URLs begin with.
    pub(crate) fn prefix(&self) -> &str {
        self.public_url
            .as_ref()
            .map_or("", |url| url.as_str().trim_end_matches('/'))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
