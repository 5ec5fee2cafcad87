//! What an S3 store is opened with. Must never show its secret.

use std::{fmt, path::PathBuf};
use url::Url;

/// Where the objects are, how to get there, and how much that may take.
#[derive(Clone)]
pub struct S3Config {
    /// The bucket. It must exist.
    pub bucket: String,
    /// What our keys begin with in the bucket, such as `reelmill`; empty for the whole bucket.
    pub prefix: String,
    /// Where the service answers; `None`: at Amazon's, by region.
    pub endpoint: Option<Url>,
    /// Where those reach it who are given a URL (a proxy, a browser); `None`: at `endpoint`.
    pub public_endpoint: Option<Url>,
    /// The region, which signatures name.
    pub region: String,
    /// The name of the key; `None`: from the environment, a profile, a web identity or the machine's role, as in every AWS
    /// tool.
    pub access_key: Option<String>,
    /// Its secret; goes with `access_key`.
    pub secret_key: Option<String>,
    /// The bucket stands in the path of URLs, not in their host.
    pub path_style: bool,
    /// Bytes of memory that parts on their way may take in this process.
    pub memory_bytes: u64,
    /// The folder for parts that find no room in it. What lies there has no name and goes with the process.
    pub spool: PathBuf,
    /// Requests with a body that are on their way at once in this process.
    pub parallel: usize,
}

impl fmt::Debug for S3Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Config")
            .field("bucket", &self.bucket)
            .field("prefix", &self.prefix)
            .field("endpoint", &self.endpoint.as_ref().map(Url::as_str))
            .field("region", &self.region)
            .field("access_key", &self.access_key.is_some())
            .finish_non_exhaustive()
    }
}
