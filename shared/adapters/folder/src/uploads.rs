//! Resumable uploads: a file below `.uploads` that grows and is renamed to its key at the end. The caller's JSON says which
//! file, so that a writer that lost its lock, and doesn't know, harms nothing. The first file is made by the first append,
//! when the caller has written down that there is an upload: a process that dies before leaves nothing.

mod claim;
mod mine;
pub mod place;
mod state;
mod writer;

use crate::{
    disk,
    errors::{Attempt, blocking},
    store::object_size,
};
use async_trait::async_trait;
use claim::Claimed;
use mine::Mine;
use place::{Place, is_missing};
use reelmill_objects::{
    Appended, ByteStream, ObjectError, ObjectMeta, Unfinished, UploadSink, check_key,
};
use serde_json::{Value, json};
use state::State;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// The folder's uploads.
pub struct Uploads {
    /// Of the objects.
    root: PathBuf,
    mine: Option<Arc<Mine>>,
}

impl Uploads {
    /// The uploads of the store at `root`; `alone` if no other process writes to them.
    pub fn new(root: &Path, alone: bool) -> Self {
        Self {
            root: root.to_owned(),
            mine: alone.then(Arc::default),
        }
    }

    /// A file of an unfinished upload was removed.
    pub fn discarded(&self, what: &Unfinished) {
        let place = Place::of(&self.root, &what.key, self.mine.clone());
        place.gone(&place.file(what.id.parse().ok()));
    }

    fn place(&self, key: &str) -> Result<Place, ObjectError> {
        check_key(key)?;
        Ok(Place::of(&self.root, key, self.mine.clone()))
    }
}

/// Makes the object of the first `bytes` of an upload's file. The lock is held until the file has its new name: who comes
/// with an old state must not find it free and write on into the object.
fn publish(
    attempt: Attempt<'_>,
    place: &Place,
    path: &Path,
    bytes: u64,
) -> Result<(), ObjectError> {
    let (file, path) = match claim::claim(attempt, place, path, bytes)? {
        Claimed::Alone { file, length } if length == bytes => (file, path.to_owned()),
        Claimed::Alone { file, .. } | Claimed::Busy(file) => {
            let fresh = claim::copy(attempt, place, &file, bytes)?;
            (fresh.file, fresh.path)
        }
    };
    file.sync_all()
        .and_then(|()| disk::publish(&path, &place.object))
        .map_err(|e| attempt.failed(e))?;
    place.gone(&path);
    Ok(())
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
        let (place, before) = (self.place(key)?, state.clone());
        let open = move |attempt: Attempt<'_>| {
            State::read(attempt, before)?.target(attempt, &place, offset)
        };
        let written = writer::write(key, offset, data, open).await?;
        let attempt = Attempt {
            what: writer::ATTEMPT,
            key,
        };
        let state = match written.state {
            // Nothing came: the state stays as good as it was.
            None => state,
            Some(now) => now.ending(written.end).write(attempt)?,
        };
        Ok(Appended {
            state,
            offset: written.end,
            broken: written.broken,
        })
    }

    async fn finish(&self, key: &str, state: Value, bytes: u64) -> Result<ObjectMeta, ObjectError> {
        let place = self.place(key)?;
        blocking("finishing the upload", key, move |attempt| {
            let state = State::read(attempt, state)?;
            let mut from = place.file(state.file);
            if !from.exists() {
                // A crash came between finishing and writing it down, or nothing was ever appended.
                match object_size(&place.object) {
                    Ok(there) if there == bytes => return Ok(described(attempt.key, bytes)),
                    Ok(there) => {
                        return Err(attempt.because(format!("it was finished with {there} bytes")));
                    }
                    Err(e) if is_missing(&e) && bytes == 0 => {
                        from = claim::empty(attempt, &place)?.path;
                    }
                    Err(e) => return Err(attempt.failed(e)),
                }
            }
            publish(attempt, &place, &from, bytes)?;
            if let Err(error) = place.clear(attempt) {
                tracing::warn!(%error, "a file of a finished upload stays for the sweeper");
            }
            Ok(described(attempt.key, bytes))
        })
        .await
    }

    async fn abort(&self, key: &str, _: Value) -> Result<(), ObjectError> {
        let place = self.place(key)?;
        blocking("aborting the upload", key, move |attempt| {
            place.clear(attempt)
        })
        .await
    }

    async fn truncate(&self, key: &str, state: Value, bytes: u64) -> Result<Value, ObjectError> {
        let place = self.place(key)?;
        blocking("truncating the upload", key, move |attempt| {
            let state = State::read(attempt, state)?;
            state.cut(attempt, &place, bytes)?.write(attempt)
        })
        .await
    }
}

fn described(key: &str, bytes: u64) -> ObjectMeta {
    ObjectMeta {
        key: key.to_owned(),
        bytes,
    }
}
