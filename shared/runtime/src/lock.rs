//! The lock on a data folder: two processes on one folder would be two truths. Held as long as the value lives;
//! the kernel lets go when the process dies, however it dies.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// The name of the lock's file.
pub const LOCK_FILE: &str = "reelmill.lock";

/// A data folder that is ours alone.
#[derive(Debug)]
pub struct DataLock {
    /// The lock goes when this closes.
    _file: File,
    dir: PathBuf,
}

/// Why a data folder can't be had.
#[derive(Debug, Error)]
pub enum LockError {
    /// Someone else has it.
    #[error(
        "the data folder {} is already in use by another process{}: stop that one, or choose another folder with --data",
        dir.display(),
        pid.as_deref().map(|p| format!(" (pid {p})")).unwrap_or_default()
    )]
    InUse {
        /// The folder.
        dir: PathBuf,
        /// Who, if it could be read.
        pid: Option<String>,
    },
    /// It can't be written.
    #[error("the data folder {} can't be written ({cause}): make it writable, or choose another folder with --data", dir.display())]
    NotWritable {
        /// The folder.
        dir: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

impl DataLock {
    /// Makes the folder if it is missing, and takes it.
    pub fn take(dir: &Path) -> Result<Self, LockError> {
        let not_writable = |cause| LockError::NotWritable {
            dir: dir.to_owned(),
            cause,
        };
        fs::create_dir_all(dir).map_err(not_writable)?;
        let path = dir.join(LOCK_FILE);
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(not_writable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::InUse {
                    dir: dir.to_owned(),
                    pid: holder(&path),
                });
            }
            Err(TryLockError::Error(cause)) => return Err(not_writable(cause)),
        }
        file.set_len(0)
            .and_then(|()| write!(file, "{}", std::process::id()))
            .map_err(not_writable)?;
        Ok(Self {
            _file: file,
            dir: dir.to_owned(),
        })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

fn holder(path: &Path) -> Option<String> {
    fs::read_to_string(path)
        .ok()
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_folder_one_owner() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("new/data");
        let first = DataLock::take(&data).unwrap();
        assert_eq!(first.dir(), data);
        let Err(refused) = DataLock::take(&data) else {
            panic!("the folder was taken twice");
        };
        assert!(
            refused
                .to_string()
                .contains(&format!("(pid {})", std::process::id()))
        );
        drop(first);
        DataLock::take(&data).unwrap();
    }

    #[test]
    fn a_folder_below_a_file_is_not_writable() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "x").unwrap();
        let refused = DataLock::take(&file.join("data")).unwrap_err();
        assert!(
            matches!(refused, LockError::NotWritable { .. }),
            "{refused}"
        );
    }
}
