//! The disk that runs work on: one folder per worker process, locked while it lives, and in it one per run. What a
//! dead worker left behind goes at the next start; nothing else that lies there is ever touched.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// The lock file's name in a worker's folder.
const LOCK: &str = "lock";

/// What the names of workers' folders begin with: whatever else lies beside them is somebody else's.
const OURS: &str = "reelmill-worker-";

/// This worker's folder; goes with it.
pub struct Scratch {
    folder: PathBuf,
    /// Held for as long as the process lives.
    _lock: File,
}

impl Scratch {
    /// Makes the folder of the worker `name` below `all` and removes those of workers that are gone.
    pub fn open(all: &Path, name: &str) -> io::Result<Self> {
        fs::create_dir_all(all)?;
        // ffmpeg is given whole paths only.
        let all = all.canonicalize()?;
        // One opener at a time: a folder that is made but not locked yet would look like a dead worker's.
        let gate = File::options()
            .create(true)
            .append(true)
            .open(all.join(LOCK))?;
        gate.lock()?;
        for entry in fs::read_dir(&all)? {
            let entry = entry?;
            let is_ours = entry.file_name().to_string_lossy().starts_with(OURS);
            if is_ours && entry.file_type()?.is_dir() && is_abandoned(&entry.path()) {
                tracing::info!(folder = %entry.path().display(), "removing what a dead worker left");
                fs::remove_dir_all(entry.path())?;
            }
        }
        let folder = all.join(format!("{OURS}{name}"));
        fs::create_dir(&folder)?;
        let lock = File::create(folder.join(LOCK))?;
        lock.lock()?;
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    /// Where sources may be kept; not made yet.
    pub fn cache_folder(&self) -> PathBuf {
        self.folder.join("sources")
    }

    /// Makes a run's folder.
    pub fn run_folder(&self, run: &str) -> io::Result<RunFolder> {
        let folder = self.folder.join(run);
        fs::create_dir(&folder)?;
        Ok(RunFolder(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.folder);
    }
}

/// A run's folder; goes with it.
pub struct RunFolder(PathBuf);

impl RunFolder {
    /// Where it is: absolute.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

fn remove(folder: &Path) {
    if let Err(e) = fs::remove_dir_all(folder)
        && e.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(folder = %folder.display(), error = %e, "scratch files stay until the next start");
    }
}

fn is_abandoned(folder: &Path) -> bool {
    match File::open(folder.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_ok(),
        // Made and not locked before its process died, or half removed.
        Err(e) => e.kind() == io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::Scratch;
    use std::fs;

    #[test]
    fn a_dead_workers_files_go_and_a_live_ones_stay() {
        let all = tempfile::tempdir().unwrap();
        let alive = Scratch::open(all.path(), "alive").unwrap();
        let run = alive.run_folder("run").unwrap();
        let dead = all.path().join("reelmill-worker-dead");
        fs::create_dir_all(dead.join("run")).unwrap();
        fs::write(dead.join("lock"), "").unwrap();
        fs::write(dead.join("run/part.mkv"), "half").unwrap();
        let other = Scratch::open(all.path(), "other").unwrap();
        assert!(!dead.exists());
        assert!(run.path().exists());
        let path = run.path().to_owned();
        drop(run);
        assert!(!path.exists());
        drop((alive, other));
        assert_eq!(fs::read_dir(all.path()).unwrap().count(), 1, "the gate");
    }

    #[test]
    fn what_is_not_a_workers_stays() {
        let all = tempfile::tempdir().unwrap();
        fs::create_dir(all.path().join("holiday")).unwrap();
        fs::write(all.path().join("holiday/film.mkv"), "dear").unwrap();
        fs::write(all.path().join("lock"), "dear, too").unwrap();
        drop(Scratch::open(all.path(), "one").unwrap());
        assert!(all.path().join("holiday/film.mkv").exists());
        assert_eq!(
            fs::read_to_string(all.path().join("lock")).unwrap(),
            "dear, too"
        );
    }
}
