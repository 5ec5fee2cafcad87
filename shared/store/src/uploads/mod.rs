//! Resumable uploads in the database: offset, lock and expiry. Never touches an object and never decides who may write.

mod lock;
mod read;
mod sweep;
mod write;

pub use lock::{Held, acquire, ask_to_let_go, look, release, renew, void_all};
pub use read::{find, sha256};
pub use sweep::{expired, forget, mark_gone};
pub use write::{NewUpload, advance, complete, delete, insert, note_trace, use_as_source};

use crate::{StoreError, entity::upload};
use reelmill_domain::{
    id::{FileId, SourceId, UploadId},
    time::Timestamp,
    wire::Traceparent,
};
use uuid::Uuid;

/// An upload as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// Whose it is; empty while nobody signs in.
    pub owner: String,
    /// The name its owner gave; never a path.
    pub name: String,
    /// `Upload-Metadata` as it came.
    pub metadata: String,
    /// The whole size, once the sender has said it.
    pub length: Option<u64>,
    /// Bytes that are stored durably.
    pub offset: u64,
    /// Where the whole will lie; empty once the bytes are gone.
    pub object_key: String,
    /// Its stored file, once complete.
    pub file: Option<FileId>,
    /// What the upload sink wants to be told again.
    pub sink: serde_json::Value,
    /// Who may write, until when.
    pub lock: Option<(Uuid, Timestamp)>,
    /// All of it is there.
    pub complete: bool,
    /// The source made of it, once a job used it.
    pub source: Option<SourceId>,
    /// Gone by then unless a job uses it.
    pub expires_at: Option<Timestamp>,
    /// Where in a trace its last byte came.
    pub trace: Option<Traceparent>,
}

impl Upload {
    /// Its bytes are gone, or may go at any moment.
    pub fn is_gone(&self, now: Timestamp) -> bool {
        self.object_key.is_empty() || self.expires_at.is_some_and(|at| at <= now)
    }

    /// Somebody may write to it now.
    pub fn is_locked(&self, now: Timestamp) -> bool {
        self.lock.is_some_and(|(_, until)| until > now)
    }

    /// Every byte is there, but the whole has not been made of them (a process died in between).
    pub fn is_unfinished(&self) -> bool {
        !self.complete && self.length == Some(self.offset) && !self.object_key.is_empty()
    }
}

impl TryFrom<upload::Model> for Upload {
    type Error = StoreError;

    fn try_from(row: upload::Model) -> Result<Self, StoreError> {
        let sink =
            serde_json::from_str(&row.sink_json).map_err(|cause| StoreError::Unreadable {
                what: "upload",
                id: row.id.to_string(),
                cause: cause.to_string(),
            })?;
        Ok(Self {
            id: UploadId(row.id),
            owner: row.owner,
            name: row.name,
            metadata: row.metadata,
            length: row.length.map(i64::cast_unsigned),
            offset: row.offset.cast_unsigned(),
            object_key: row.object_key,
            file: row.file_id.map(FileId),
            sink,
            lock: row.lock_token.zip(row.lock_until.map(Timestamp)),
            complete: row.complete,
            source: row.source_id.map(SourceId),
            expires_at: row.expires_at.map(Timestamp),
            trace: row.trace.as_deref().and_then(Traceparent::parse),
        })
    }
}
