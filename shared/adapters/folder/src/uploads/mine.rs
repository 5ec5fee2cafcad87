//! Which files of uploads this process has opened, where it is the only one that writes to them. What lies behind the end of
//! any other file was left by a process that is dead, so that it may be cut off. Of a file of its own it can't tell.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Files that were opened and have not become an object, or been removed, since.
#[derive(Debug, Default)]
pub struct Mine(Mutex<HashSet<PathBuf>>);

impl Mine {
    /// Notes a file; the file is locked. Whether it is opened for the first time.
    pub fn note(&self, path: &Path) -> bool {
        self.all().insert(path.to_owned())
    }

    /// A file is gone.
    pub fn forget(&self, path: &Path) {
        self.all().remove(path);
    }

    fn all(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        // Nothing that panics runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
