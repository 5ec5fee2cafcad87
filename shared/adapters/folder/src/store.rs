//! The store itself: objects in, objects out.

mod adopt;

use crate::{
    disk,
    errors::{Attempt, blocking},
    list,
    tmp::{self, TmpFolder},
    unfinished,
    uploads::Uploads,
};
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use reelmill_objects::{
    ByteStream, ObjectError, ObjectMeta, ObjectStore, Page, Unfinished, UploadSink, check_key,
    check_prefix,
};
use std::{
    fs::{self, File},
    io::{self, Write},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

/// How much is read at once when an object is streamed.
const READ_AT_ONCE: usize = 256 * 1024;

/// Where uploads lie until they are finished.
pub const UPLOADS: &str = ".uploads";

/// A folder as object store.
pub struct FolderStore {
    root: PathBuf,
    tmp: Arc<TmpFolder>,
    uploads: Uploads,
}

impl FolderStore {
    /// Opens the store in `dir`, which is made if it isn't there, and removes what dead processes left unfinished.
    pub fn open(dir: &Path) -> Result<Arc<Self>, ObjectError> {
        Self::open_as(dir, false)
    }

    /// The same, for a caller who knows that no other process goes on with these uploads as long as this one lives: what a
    /// dead process stored of one, and nobody has written down, is cut off instead of copied around.
    pub fn open_alone(dir: &Path) -> Result<Arc<Self>, ObjectError> {
        Self::open_as(dir, true)
    }

    fn open_as(dir: &Path, alone: bool) -> Result<Arc<Self>, ObjectError> {
        let shown = dir.display().to_string();
        let attempt = Attempt {
            what: "opening the object folder",
            key: &shown,
        };
        fs::create_dir_all(dir).map_err(|e| attempt.because(e))?;
        let root = dir.canonicalize().map_err(|e| attempt.because(e))?;
        let tmp = TmpFolder::open(&root.join(".tmp")).map_err(|e| match e.kind() {
            io::ErrorKind::StorageFull => attempt.failed(e),
            _ => attempt.because(e),
        })?;
        Ok(Arc::new(Self {
            tmp: Arc::new(tmp),
            uploads: Uploads::new(&root, alone),
            root,
        }))
    }

    fn path(&self, key: &str) -> Result<PathBuf, ObjectError> {
        check_key(key)?;
        Ok(self.root.join(key))
    }
}

#[async_trait]
impl ObjectStore for FolderStore {
    async fn put_file(&self, key: &str, file: &Path) -> Result<ObjectMeta, ObjectError> {
        let (to, from, tmp) = (self.path(key)?, file.to_owned(), self.tmp.clone());
        blocking("storing", key, move |attempt| {
            let source = File::open(&from).map_err(|e| attempt.because(e))?;
            source.sync_all().map_err(|e| attempt.failed(e))?;
            let meta = source.metadata().map_err(|e| attempt.because(e))?;
            match disk::publish(&from, &to) {
                Err(e) if e.kind() == io::ErrorKind::CrossesDevices => {
                    let copy = tmp::Unfinished::new(tmp.new_path());
                    fs::copy(&from, copy.path())
                        .and_then(|_| File::open(copy.path())?.sync_all())
                        .and_then(|()| disk::publish(copy.path(), &to))
                        .map_err(|e| write_failed(attempt, e))?;
                }
                done => done.map_err(|e| write_failed(attempt, e))?,
            }
            Ok(described(attempt.key, meta.len()))
        })
        .await
    }

    async fn put_bytes(&self, key: &str, bytes: Bytes) -> Result<ObjectMeta, ObjectError> {
        let (to, tmp) = (self.path(key)?, self.tmp.clone());
        blocking("storing", key, move |attempt| {
            let file = tmp::Unfinished::new(tmp.new_path());
            write_synced(file.path(), &bytes)
                .and_then(|()| disk::publish(file.path(), &to))
                .map_err(|e| write_failed(attempt, e))?;
            Ok(described(attempt.key, bytes.len() as u64))
        })
        .await
    }

    async fn fetch(&self, key: &str, to: &Path) -> Result<(), ObjectError> {
        let (from, to) = (self.path(key)?, to.to_owned());
        blocking("fetching", key, move |attempt| {
            object_size(&from).map_err(|e| attempt.failed(e))?;
            match disk::link_or_copy(&from, &to) {
                // The object is there: what is missing is the folder to fetch into.
                Err(e) if e.kind() == io::ErrorKind::NotFound && from.exists() => {
                    Err(attempt.because(format!("{}: {e}", to.display())))
                }
                done => done.map_err(|e| attempt.failed(e)),
            }
        })
        .await
    }

    async fn read(&self, key: &str, range: Range<u64>) -> Result<ByteStream, ObjectError> {
        let path = self.path(key)?;
        let attempt = Attempt {
            what: "reading",
            key,
        };
        let mut file = tokio::fs::File::open(&path)
            .await
            .map_err(|e| attempt.failed(e))?;
        let meta = file.metadata().await.map_err(|e| attempt.failed(e))?;
        if !meta.is_file() {
            return Err(ObjectError::NotFound { key: key.into() });
        }
        if range.start > range.end || range.end > meta.len() {
            return Err(attempt.because(format!(
                "the range {}..{} is outside its {} bytes",
                range.start,
                range.end,
                meta.len()
            )));
        }
        file.seek(io::SeekFrom::Start(range.start))
            .await
            .map_err(|e| attempt.failed(e))?;
        let bytes = range.end - range.start;
        file.set_max_buf_size(READ_AT_ONCE);
        Ok(ReaderStream::with_capacity(file.take(bytes), READ_AT_ONCE).boxed())
    }

    async fn head(&self, key: &str) -> Result<ObjectMeta, ObjectError> {
        let path = self.path(key)?;
        blocking("looking up", key, move |attempt| {
            let bytes = object_size(&path).map_err(|e| attempt.failed(e))?;
            Ok(described(attempt.key, bytes))
        })
        .await
    }

    async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        let (path, root) = (self.path(key)?, self.root.clone());
        blocking("deleting", key, move |attempt| {
            disk::remove_and_prune(&path, &root).map_err(|e| attempt.because(e))
        })
        .await
    }

    async fn list(
        &self,
        prefix: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page, ObjectError> {
        check_prefix(prefix)?;
        let (root, prefix_owned) = (self.root.clone(), prefix.to_owned());
        let cursor = cursor.unwrap_or_default().to_owned();
        blocking("listing", prefix, move |attempt| {
            list::page(&root, &prefix_owned, &cursor, limit).map_err(|e| attempt.because(e))
        })
        .await
    }

    async fn check(&self) -> Result<(), ObjectError> {
        let tmp = self.tmp.clone();
        blocking("writing to", ".tmp", move |attempt| {
            let file = tmp::Unfinished::new(tmp.new_path());
            write_synced(file.path(), b"reelmill").map_err(|e| write_failed(attempt, e))
        })
        .await
    }

    async fn unfinished(&self, prefix: &str) -> Result<Vec<Unfinished>, ObjectError> {
        check_prefix(prefix)?;
        let (all, prefix_owned) = (self.root.join(UPLOADS), prefix.to_owned());
        blocking("listing what is unfinished of", prefix, move |attempt| {
            unfinished::below(&all, &prefix_owned).map_err(|e| attempt.because(e))
        })
        .await
    }

    async fn discard(&self, what: &Unfinished) -> Result<bool, ObjectError> {
        check_key(&what.key)?;
        let (all, found) = (self.root.join(UPLOADS), what.clone());
        let attempt = "discarding what is unfinished of";
        let gone = blocking(attempt, &what.key, move |attempt| {
            unfinished::discard(&all, &found).map_err(|e| attempt.because(e))
        })
        .await?;
        if gone {
            self.uploads.discarded(what);
        }
        Ok(gone)
    }

    fn uploads(&self) -> &dyn UploadSink {
        &self.uploads
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Size of the object at `path`; a folder is none.
pub fn object_size(path: &Path) -> io::Result<u64> {
    let meta = fs::metadata(path)?;
    if meta.is_file() {
        Ok(meta.len())
    } else {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// What a write says when it fails: a missing file is then not a missing object.
fn write_failed(attempt: Attempt<'_>, error: io::Error) -> ObjectError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => attempt.because(error),
        _ => attempt.failed(error),
    }
}

fn described(key: &str, bytes: u64) -> ObjectMeta {
    ObjectMeta {
        key: key.to_owned(),
        bytes,
    }
}
