//! Resumable uploads: a file below `.uploads` that grows and is renamed to its key at the end. Its state is its length;
//! the caller's JSON holds nothing. The file is made by the first append, when the caller has written down that there is
//! an upload: a process that dies before leaves nothing that nobody knows of.

mod writer;

use crate::{
    disk,
    errors::{Attempt, blocking},
    store::object_size,
};
use async_trait::async_trait;
use reelmill_objects::{Appended, ByteStream, ObjectError, ObjectMeta, UploadSink, check_key};
use serde_json::{Value, json};
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

/// The folder's uploads.
pub struct Uploads {
    /// Of the objects.
    root: PathBuf,
    /// Of the unfinished uploads.
    unfinished: PathBuf,
}

impl Uploads {
    /// The uploads of the store at `root`.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            unfinished: root.join(".uploads"),
        }
    }

    fn path(&self, key: &str) -> Result<PathBuf, ObjectError> {
        check_key(key)?;
        Ok(self.unfinished.join(key))
    }
}

/// Opens an upload's file, made if `may_make`, and waits until no cut-off append writes to it any more.
fn open_alone(path: &Path, may_make: bool) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true);
    let file = if may_make {
        options.create(true).truncate(false);
        disk::create_in_folder(path, |path| options.open(path))?
    } else {
        options.open(path)?
    };
    file.lock()?;
    Ok(file)
}

/// Opens an upload's file for an append or a truncation and cuts it to `bytes`, which must be there. A file that should
/// hold something is never made anew: it may have become its object already, and an empty one would hide that.
fn open_cut(attempt: Attempt<'_>, path: &Path, bytes: u64) -> Result<File, ObjectError> {
    let file = open_alone(path, bytes == 0).map_err(|e| attempt.failed(e))?;
    let length = file.metadata().map_err(|e| attempt.failed(e))?.len();
    if length < bytes {
        return Err(attempt.because(format!("only {length} of the {bytes} bytes are there")));
    }
    if length > bytes {
        file.set_len(bytes).map_err(|e| attempt.failed(e))?;
    }
    Ok(file)
}

/// Sees to it that exactly `bytes` bytes are there and durable. A crash may have left the file read-only already, so it
/// is opened for writing only when there is something to cut off.
fn whole(attempt: Attempt<'_>, path: &Path, bytes: u64) -> Result<(), ObjectError> {
    let file = File::open(path).map_err(|e| attempt.failed(e))?;
    file.lock().map_err(|e| attempt.failed(e))?;
    let length = file.metadata().map_err(|e| attempt.failed(e))?.len();
    if length != bytes {
        drop(file);
        let cut = open_cut(attempt, path, bytes)?;
        return cut.sync_all().map_err(|e| attempt.failed(e));
    }
    file.sync_all().map_err(|e| attempt.failed(e))
}

#[async_trait]
impl UploadSink for Uploads {
    async fn begin(&self, key: &str, _length: Option<u64>) -> Result<Value, ObjectError> {
        check_key(key)?;
        Ok(json!({}))
    }

    async fn append(
        &self,
        key: &str,
        state: Value,
        offset: u64,
        data: ByteStream,
    ) -> Result<Appended, ObjectError> {
        let path = self.path(key)?;
        let open = move |attempt: Attempt<'_>| open_cut(attempt, &path, offset);
        let (offset, broken) = writer::write(key, offset, data, open).await?;
        Ok(Appended {
            state,
            offset,
            broken,
        })
    }

    async fn finish(&self, key: &str, _: Value, bytes: u64) -> Result<ObjectMeta, ObjectError> {
        let (from, root, unfinished) =
            (self.path(key)?, self.root.clone(), self.unfinished.clone());
        blocking("finishing the upload", key, move |attempt| {
            let to = root.join(attempt.key);
            let done = ObjectMeta {
                key: attempt.key.to_owned(),
                bytes,
            };
            if !from.exists() {
                // A crash came between finishing and writing it down, or nothing was ever appended.
                match object_size(&to) {
                    Ok(there) if there == bytes => return Ok(done),
                    Ok(there) => {
                        return Err(attempt.because(format!("it was finished with {there} bytes")));
                    }
                    Err(e) if e.kind() == io::ErrorKind::NotFound && bytes == 0 => {
                        open_cut(attempt, &from, 0)?;
                    }
                    Err(e) => return Err(attempt.failed(e)),
                }
            }
            whole(attempt, &from, bytes)?;
            disk::publish(&from, &to).map_err(|e| attempt.failed(e))?;
            disk::prune(&from, &unfinished);
            Ok(done)
        })
        .await
    }

    async fn abort(&self, key: &str, _: Value) -> Result<(), ObjectError> {
        let (path, unfinished) = (self.path(key)?, self.unfinished.clone());
        blocking("aborting the upload", key, move |attempt| {
            disk::remove_and_prune(&path, &unfinished).map_err(|e| attempt.because(e))
        })
        .await
    }

    async fn truncate(&self, key: &str, state: Value, bytes: u64) -> Result<Value, ObjectError> {
        let path = self.path(key)?;
        blocking("truncating the upload", key, move |attempt| {
            let file = open_cut(attempt, &path, bytes)?;
            file.sync_all().map_err(|e| attempt.failed(e))?;
            Ok(state)
        })
        .await
    }
}
