//! The port itself and its contract. Adapters must pass `suite`.

use crate::ObjectError;
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use std::{io, ops::Range, path::Path, time::Duration};
use url::Url;

/// Bytes on their way.
pub type ByteStream = BoxStream<'static, io::Result<Bytes>>;

/// What a store knows of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Its key.
    pub key: String,
    /// Its size.
    pub bytes: u64,
}

/// Something that was begun and not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// The key that the whole was to have.
    pub key: String,
    /// What the store calls it.
    pub id: String,
    /// For how long it has not changed, in seconds by the store's clock; 0 when that is not known.
    pub age_s: u64,
}

/// A page of a listing, ordered by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The objects.
    pub objects: Vec<ObjectMeta>,
    /// Where to go on; `None` at the end.
    pub next: Option<String>,
}

/// Keeps objects under keys. An object appears whole or not at all, and is durable when a call that wrote it returns.
/// Objects are never changed in place: writing a key again replaces the whole object atomically. Keys are what
/// [`crate::check_key`] takes. A call whose future is dropped may still take effect.
#[async_trait]
pub trait ObjectStore: Send + Sync + 'static {
    /// Stores a file. The file may be consumed (moved) by it; the caller deletes what is left.
    async fn put_file(&self, key: &str, file: &Path) -> Result<ObjectMeta, ObjectError>;

    /// Stores a few bytes (up to 8 MiB).
    async fn put_bytes(&self, key: &str, bytes: Bytes) -> Result<ObjectMeta, ObjectError>;

    /// Makes an object available as a read-only file at `to` (which doesn't exist yet). May link rather than copy; never write to it.
    async fn fetch(&self, key: &str, to: &Path) -> Result<(), ObjectError>;

    /// Reads a range of an object; the range lies within it.
    async fn read(&self, key: &str, range: Range<u64>) -> Result<ByteStream, ObjectError>;

    /// Size of an object.
    async fn head(&self, key: &str) -> Result<ObjectMeta, ObjectError>;

    /// Removes an object; not an error when there is none.
    async fn delete(&self, key: &str) -> Result<(), ObjectError>;

    /// Objects whose keys start with `prefix`, after `cursor`, at most `limit`.
    async fn list(
        &self,
        prefix: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page, ObjectError>;

    /// Whether the store can be written now.
    async fn check(&self) -> Result<(), ObjectError>;

    /// A URL that gives the object to whoever asks within `ttl`, for a proxy that serves it; `None` from a store that
    /// has no URLs. It answers ranges; what it says of type and caching doesn't matter.
    async fn presign(&self, _key: &str, _ttl: Duration) -> Result<Option<Url>, ObjectError> {
        Ok(None)
    }

    /// What was begun below `prefix` and not ended, by [`ObjectStore::put_file`] or an upload: multipart uploads,
    /// segments and tails without their object. It shows in no listing, and costs space. At most 10,000; some may be
    /// in use. A store that cleans up by itself has none.
    async fn unfinished(&self, _prefix: &str) -> Result<Vec<Unfinished>, ObjectError> {
        Ok(Vec::new())
    }

    /// Removes it; not an error when it is gone, or has become an object in the meantime (which stays): then this is
    /// false, as far as the store tells. What may be the object's is not removed.
    async fn discard(&self, _what: &Unfinished) -> Result<bool, ObjectError> {
        Ok(false)
    }

    /// Where resumable uploads go in.
    fn uploads(&self) -> &dyn UploadSink;
}

/// Takes an upload in pieces. The state is a JSON value that the caller keeps in its database: any process that has it can
/// go on. It is small, but for stores that must name every part: there it grows by about 50 bytes with each part. A state
/// stays good until an append has begun with the one that followed it, so a caller may crash at any point. One append at a
/// time per upload: the caller holds the lock. If its lock lapses without its noticing, its append must not change what
/// the states of others name.
#[async_trait]
pub trait UploadSink: Send + Sync {
    /// Begins an upload whose whole will be `key`, of so many bytes if its sender has said so already.
    async fn begin(&self, key: &str, length: Option<u64>)
    -> Result<serde_json::Value, ObjectError>;

    /// Writes `data` from `offset` on (what lies beyond `offset` from an append that was cut off is overwritten).
    /// Memory is flat whatever the length of `data`. `offset` lies within what is durable.
    /// When the store is full it keeps nothing of `data` and says [`ObjectError::Full`]: the upload stays at `offset`.
    /// An append whose future was dropped leaves the upload usable: append again from the last offset kept.
    /// Refused once the upload is finished, which stays finished.
    /// Returns the new state and how many bytes are durable in all; also when `data` broke off, where
    /// everything before the break counts: then `broken` says why.
    async fn append(
        &self,
        key: &str,
        state: serde_json::Value,
        offset: u64,
        data: ByteStream,
    ) -> Result<Appended, ObjectError>;

    /// Makes the object of the first `bytes` bytes, which must all be there. May be called again after a crash: then
    /// it finds it done.
    async fn finish(
        &self,
        key: &str,
        state: serde_json::Value,
        bytes: u64,
    ) -> Result<ObjectMeta, ObjectError>;

    /// Forgets an unfinished upload and what it stored; not an error when there is none.
    async fn abort(&self, key: &str, state: serde_json::Value) -> Result<(), ObjectError>;

    /// Takes back what lies beyond `bytes`: a piece whose tus checksum was wrong must not count. `bytes` lies where the
    /// append began that gave this state, or behind it.
    async fn truncate(
        &self,
        key: &str,
        state: serde_json::Value,
        bytes: u64,
    ) -> Result<serde_json::Value, ObjectError>;
}

/// What an append came to.
#[derive(Debug)]
pub struct Appended {
    /// To be kept by the caller.
    pub state: serde_json::Value,
    /// Bytes that are durable in all.
    pub offset: u64,
    /// Why the incoming data broke off, if it did.
    pub broken: Option<ObjectError>,
}
