//! What a Swift store is opened with. Secrets never print.

use std::{fmt, path::PathBuf, time::Duration};

const MIB: u64 = 1024 * 1024;

/// A password, key or token: prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text; for the server that asks for it, never for print.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// How to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SwiftAuth {
    /// Swift's own, once Cloud Files' and TempAuth's.
    V1 {
        /// Such as `https://swift.example/auth/v1.0`.
        url: String,
        /// Such as `account:user`.
        user: String,
        /// The user's key.
        key: Secret,
    },
    /// Keystone v3.
    V3 {
        /// Such as `https://keystone.example/v3`; the `/v3` may be missing.
        url: String,
        /// Who logs in.
        who: Identity,
        /// Which of the catalogue's addresses to use.
        interface: Interface,
    },
}

/// Who logs in to Keystone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// A user, for a project.
    Password {
        /// The user's name.
        user: String,
        /// The password.
        password: Secret,
        /// The user's domain, by name (often `Default`).
        user_domain: String,
        /// The project's name.
        project: String,
        /// The project's domain, by name.
        project_domain: String,
    },
    /// An application credential; its project is its own.
    ApplicationCredential {
        /// Its id.
        id: String,
        /// Its secret.
        secret: Secret,
    },
}

/// Which address of a service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Interface {
    /// For everyone.
    #[default]
    Public,
    /// For the cloud's own machines.
    Internal,
}

impl Interface {
    /// As the catalogue writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
        }
    }
}

/// What a store is opened with.
#[derive(Debug, Clone)]
pub struct SwiftConfig {
    /// The container; made by the first write that finds it missing.
    pub container: String,
    /// What every key is put below, without slashes at its ends; empty for the container itself.
    pub prefix: String,
    /// How to log in.
    pub auth: SwiftAuth,
    /// The region of the catalogue's address (Keystone only); any when absent.
    pub region: Option<String>,
    /// What temporary URLs are signed with; it is set on the container. When absent, the container's own key is used, and
    /// one is made if it has none.
    pub temp_url_key: Option<Secret>,
    /// How much memory incoming pieces may take, over all uploads; beyond, they go through files in `spool`.
    pub memory_bytes: u64,
    /// A folder for pieces that don't fit in memory; made if it isn't there.
    pub spool: PathBuf,
    /// How many requests one call has on the way at once.
    pub parallel: usize,
    /// A piece of an upload, at least; longer uploads have longer pieces.
    pub piece_bytes: u64,
    /// At most so many segments in one manifest, if that is fewer than the cluster says or the cluster does not say;
    /// longer objects get manifests of manifests.
    pub most_segments: Option<usize>,
    /// A file up to here is one object; longer ones are cut into segments of at least this.
    pub segment_bytes: u64,
    /// When Swift itself removes a segment that never became part of an object. Must be longer than an unfinished
    /// upload may rest; each append puts it off.
    pub unfinished_for: Duration,
}

impl SwiftConfig {
    /// The usual sizes and times for this container.
    pub fn new(container: impl Into<String>, auth: SwiftAuth, spool: impl Into<PathBuf>) -> Self {
        Self {
            container: container.into(),
            prefix: String::new(),
            auth,
            region: None,
            temp_url_key: None,
            memory_bytes: 32 * MIB,
            spool: spool.into(),
            parallel: 4,
            piece_bytes: 8 * MIB,
            most_segments: None,
            segment_bytes: 64 * MIB,
            unfinished_for: Duration::from_secs(14 * 24 * 3600),
        }
    }
}
