//! The files of one upload: `.uploads/KEY.TOKEN`, one for each writer that could not go on in the file of another. Which of
//! them counts says the state, never the folder.

use super::mine::Mine;
use crate::{disk, errors::Attempt, store::UPLOADS};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};
use uuid::Uuid;

/// Where an upload's files are, and what they become.
#[derive(Debug, Clone)]
pub struct Place {
    /// The folder of all unfinished uploads.
    all: PathBuf,
    /// The object.
    pub object: PathBuf,
    /// What this process has opened, if no other writes here.
    pub mine: Option<Arc<Mine>>,
    key: String,
}

impl Place {
    /// Of the upload of this key, which was checked, in the store at `root`.
    pub fn of(root: &Path, key: &str, mine: Option<Arc<Mine>>) -> Self {
        Self {
            all: root.join(UPLOADS),
            object: root.join(key),
            mine,
            key: key.to_owned(),
        }
    }

    /// A file of it. Without a token: as a version before tokens called it.
    pub fn file(&self, token: Option<Uuid>) -> PathBuf {
        match token {
            Some(token) => self.all.join(format!("{}.{token}", self.key)),
            None => self.all.join(&self.key),
        }
    }

    /// Removes one of its files that nobody needs any more. What can't be removed goes with the upload's end.
    pub fn drop_file(&self, token: Uuid) {
        let path = self.file(Some(token));
        disk::remove_part(&path);
        self.gone(&path);
    }

    /// One of its files is gone, or an object by now.
    pub fn gone(&self, path: &Path) {
        if let Some(mine) = &self.mine {
            mine.forget(path);
        }
    }

    /// Removes every file of it.
    pub fn clear(&self, attempt: Attempt<'_>) -> Result<(), reelmill_objects::ObjectError> {
        self.remove_all().map_err(|e| attempt.because(e))
    }

    fn remove_all(&self) -> io::Result<()> {
        let plain = self.file(None);
        let folder = plain.parent().unwrap_or(&self.all);
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(e) if is_missing(&e) => return Ok(()),
            Err(e) => return Err(e),
        };
        for entry in entries {
            let path = entry?.path();
            let (there, _) = split(&path);
            if there == plain && !path.is_dir() {
                match fs::remove_file(&path) {
                    Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                    _ => self.gone(&path),
                }
            }
        }
        disk::prune(&plain, &self.all);
        Ok(())
    }
}

/// A file's path without its token, and the token.
pub fn split(path: &Path) -> (PathBuf, Option<Uuid>) {
    let name = path.file_name().and_then(|name| name.to_str());
    let parts = name.and_then(|name| name.rsplit_once('.'));
    match parts.and_then(|(plain, token)| Some((plain, Uuid::try_parse(token).ok()?))) {
        Some((plain, token)) => (path.with_file_name(plain), Some(token)),
        None => (path.to_owned(), None),
    }
}

/// No such file, or a file where its folder should be.
pub fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
