//! Where files are written before they become objects: one folder per process, locked while it lives, so that the
//! next process can tell what a dead one left behind and remove it.

use crate::disk;
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};
use uuid::Uuid;

/// The lock file's name in a process's folder.
const LOCK: &str = "lock";

/// This process's folder for unfinished files; goes with it.
pub struct TmpFolder {
    path: PathBuf,
    /// Held for as long as the process lives.
    _lock: File,
}

impl TmpFolder {
    /// Makes a folder below `all` and removes those of processes that are gone, and nothing else that may lie there.
    pub fn open(all: &Path) -> io::Result<Self> {
        fs::create_dir_all(all)?;
        // One opener at a time: a folder that is made but not locked yet would look like a dead process's.
        let gate = File::options()
            .create(true)
            .append(true)
            .open(all.join(LOCK))?;
        gate.lock()?;
        for entry in fs::read_dir(all)? {
            let entry = entry?;
            let is_ours = Uuid::try_parse(&entry.file_name().to_string_lossy()).is_ok();
            if is_ours && entry.file_type()?.is_dir() && is_abandoned(&entry.path()) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        let path = all.join(Uuid::now_v7().to_string());
        fs::create_dir(&path)?;
        let lock = File::create(path.join(LOCK))?;
        lock.lock()?;
        Ok(Self { path, _lock: lock })
    }

    /// The name of a file that isn't there yet.
    pub fn new_path(&self) -> PathBuf {
        self.path.join(Uuid::now_v7().to_string())
    }
}

impl Drop for TmpFolder {
    fn drop(&mut self) {
        if let Err(e) = fs::remove_dir_all(&self.path) {
            tracing::warn!(path = %self.path.display(), error = %e, "temporary files stay until the next start");
        }
    }
}

fn is_abandoned(folder: &Path) -> bool {
    match File::open(folder.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_ok(),
        // Made and not locked before its process died, or half removed.
        Err(e) => e.kind() == io::ErrorKind::NotFound,
    }
}

/// A file that is removed unless it was renamed away.
pub struct Unfinished(PathBuf);

impl Unfinished {
    /// Guards `path`.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        disk::remove_part(&self.0);
    }
}
