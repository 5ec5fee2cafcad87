//! Which file a source is: where it lies, how long it is, when it was last changed. Reads no content.

use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, Metadata},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

/// Which file, as it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Absolute.
    pub path: PathBuf,
    /// Size.
    pub bytes: u64,
    /// Last change, in nanoseconds since 1970.
    pub modified_ns: u64,
}

impl Identity {
    /// The identity of a regular file.
    pub fn of(path: &Path) -> anyhow::Result<Self> {
        let whole =
            fs::canonicalize(path).with_context(|| format!("can't read {}", path.display()))?;
        let meta =
            fs::metadata(&whole).with_context(|| format!("can't read {}", path.display()))?;
        anyhow::ensure!(meta.is_file(), "{} is not a file", path.display());
        Ok(Self {
            path: whole,
            bytes: meta.len(),
            modified_ns: modified_ns(&meta),
        })
    }

    /// The name that people know it by.
    pub fn name(&self) -> String {
        self.path.file_name().map_or_else(
            || "source".into(),
            |name| name.to_string_lossy().into_owned(),
        )
    }
}

/// When a file was last changed, in nanoseconds since 1970.
pub fn modified_ns(meta: &Metadata) -> u64 {
    let modified = meta.modified().unwrap_or(UNIX_EPOCH);
    // A time before 1970 identifies as well as 1970 does; 64 bits last until the year 2554.
    let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
