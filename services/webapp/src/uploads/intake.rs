//! Where every upload goes in, whatever protocol it came by: begun, received piece by piece, finished, removed.
//! An offset is told only once its bytes are durable and the database says so.

use super::{
    digest::Digest,
    incoming::{Body, End, Incoming},
    lease::{Lease, TTL_MS},
};
use crate::{
    owner::OWNER,
    problems::{Refusal, of_objects, of_store},
};
use reelmill_domain::{
    id::{FileId, UploadId},
    keys,
    wire::Traceparent,
};
use reelmill_objects::ObjectStore;
use reelmill_runtime::{http::ApiProblem, metrics, trace};
use reelmill_store::{
    Store,
    uploads::{self, NewUpload, Upload},
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use uuid::Uuid;

/// Bytes after which what came is made to count, so that a killed server loses little.
const PIECE_BYTES: u64 = 64 * 1024 * 1024;
/// Time after which it is.
const PIECE_TIME: Duration = Duration::from_secs(5);

/// Takes uploads in.
#[derive(Clone)]
pub struct Intake {
    pub(crate) store: Store,
    pub(crate) objects: Arc<dyn ObjectStore>,
    /// Cancelled when the process stops: what came is stored, and the locks are let go.
    pub(crate) stop: CancellationToken,
    /// Largest upload in bytes.
    pub(crate) largest: u64,
    /// Milliseconds that an upload stays without a new byte.
    pub(crate) expiry_ms: i64,
}

/// What a client says of an upload that it begins.
#[derive(Debug, Clone, Default)]
pub struct Beginning {
    /// Its name, cleaned.
    pub name: String,
    /// `Upload-Metadata`, as it came.
    pub metadata: String,
    /// Its whole size, if said.
    pub length: Option<u64>,
    /// Where in a trace it was sent.
    pub trace: Option<Traceparent>,
}

/// What a body came to: what is stored now, and why no more came.
pub struct Received {
    /// As stored.
    pub upload: Upload,
    /// Why no more came.
    pub end: End,
}

impl Intake {
    /// Begins an upload, locked for the caller.
    pub async fn begin(&self, beginning: Beginning) -> Result<(Upload, Lease), ApiProblem> {
        if beginning.length.is_some_and(|length| length > self.largest) {
            return Err(self.too_large());
        }
        let trace = beginning.trace;
        let id = UploadId(Uuid::now_v7());
        let object_key = keys::source(FileId(id.0));
        let sink = self
            .objects
            .uploads()
            .begin(&object_key, beginning.length)
            .await
            .map_err(|error| of_objects(&error))?;
        let (token, since) = (Uuid::now_v7(), Instant::now());
        let new = NewUpload {
            id,
            owner: OWNER.to_owned(),
            name: beginning.name,
            metadata: beginning.metadata,
            length: beginning.length,
            object_key: object_key.clone(),
            sink: sink.clone(),
            expires_in_ms: self.expiry_ms,
            lock: Some((token, TTL_MS)),
        };
        let written = self
            .store
            .transact(|txn| {
                let new = new.clone();
                async move { uploads::insert(&*txn, new).await }
            })
            .await;
        match written {
            Ok(upload) => {
                let lease = Lease::keep(&self.store, id, token, since, &self.stop);
                Ok((Upload { trace, ..upload }, lease))
            }
            Err(error) => {
                if let Err(error) = self.objects.uploads().abort(&object_key, sink).await {
                    tracing::warn!(%error, "an upload that never began could not be cleaned up");
                }
                Err(of_store(&error))
            }
        }
    }

    /// Takes the lock of an upload that has not expired.
    pub async fn lock(&self, id: UploadId) -> Result<(Upload, Lease), ApiProblem> {
        let (upload, lease) = self.lock_any(id).await?;
        let now = upload.lock.map(|(_, until)| until.plus_ms(-TTL_MS));
        if now.is_some_and(|now| upload.is_gone(now)) {
            self.unlock(&lease).await;
            return Err(super::expired());
        }
        Ok((upload, lease))
    }

    /// Takes the lock of an upload, expired or not.
    pub(super) async fn lock_any(&self, id: UploadId) -> Result<(Upload, Lease), ApiProblem> {
        let (token, since) = (Uuid::now_v7(), Instant::now());
        let taken = self
            .store
            .transact(|txn| async move { uploads::acquire(&*txn, id, token, TTL_MS).await })
            .await
            .map_err(|error| of_store(&error))?;
        match taken {
            Some(upload) => {
                let lease = Lease::keep(&self.store, id, token, since, &self.stop);
                Ok((upload, lease))
            }
            None => {
                self.find(id).await?;
                Err(super::locked())
            }
        }
    }

    /// Lets go of a lock, with nothing to be stored.
    pub async fn unlock(&self, lease: &Lease) {
        let (id, token) = (lease.upload, lease.token);
        let released = self
            .store
            .transact(|txn| async move { uploads::release(&*txn, id, token).await })
            .await;
        if let Err(error) = released {
            // It lapses by itself.
            tracing::warn!(upload = %lease.upload, %error, "an upload could not be unlocked");
        }
    }

    /// Receives a body at the upload's offset. With a checksum, all of it counts or nothing does; without, every byte that
    /// came counts, whatever happened then. The lock stays the caller's.
    ///
    /// # Errors
    /// More bytes than there may be, a wrong checksum, no space, a lock that was lost. What counted before still does.
    pub async fn receive(
        &self,
        mut upload: Upload,
        lease: &Lease,
        body: Body,
        checksum: Option<Digest>,
    ) -> Result<Received, ApiProblem> {
        let room = self.room(&upload);
        let all_or_nothing = checksum.is_some();
        let incoming = Incoming::new(body, room, checksum, lease.let_go.clone());
        let (bytes, time) = match all_or_nothing {
            true => (u64::MAX, None),
            false => (PIECE_BYTES, Some(PIECE_TIME)),
        };
        loop {
            let before = upload.clone();
            let append = self.objects.uploads().append(
                &upload.object_key,
                upload.sink,
                upload.offset,
                incoming.piece(bytes, time),
            );
            let appended = lease.guard(append).await?;
            let appended = appended.map_err(|error| of_objects(&error))?;
            let end = incoming.end().await;
            upload = Upload {
                sink: appended.state,
                offset: appended.offset,
                ..before.clone()
            };
            let refused = match &end {
                Some(End::Excess) => Some(self.excess(&before)),
                Some(End::Whole) if !incoming.matches().await => Some(super::wrong_checksum()),
                Some(other) if *other != End::Whole && all_or_nothing => Some(super::broke_off()),
                _ => None,
            };
            if let Some(problem) = refused {
                self.take_back(upload, &before, lease).await?;
                return Err(problem);
            }
            if upload.offset != before.offset {
                self.advance(&mut upload, lease).await?;
                metrics::uploaded(upload.offset.saturating_sub(before.offset));
            }
            if let Some(end) = end {
                return Ok(Received { upload, end });
            }
        }
    }

    /// What came since `before` must not count. Whose lock has lapsed leaves all as it is: it never counted.
    async fn take_back(
        &self,
        after: Upload,
        before: &Upload,
        lease: &Lease,
    ) -> Result<(), ApiProblem> {
        self.advance(&mut before.clone(), lease).await?;
        let (key, offset) = (&before.object_key, before.offset);
        let truncate = self.objects.uploads().truncate(key, after.sink, offset);
        let sink = lease.guard(truncate).await?;
        let sink = sink.map_err(|error| of_objects(&error))?;
        let mut back = Upload {
            sink,
            ..before.clone()
        };
        self.advance(&mut back, lease).await
    }

    /// Makes offset, length and the sink's state count.
    pub(super) async fn advance(
        &self,
        upload: &mut Upload,
        lease: &Lease,
    ) -> Result<(), ApiProblem> {
        let (now, token, expiry_ms) = (&*upload, lease.token, self.expiry_ms);
        let expires_at = self
            .store
            .transact(|txn| async move { uploads::advance(&*txn, now, token, expiry_ms).await })
            .await
            .map_err(|error| of_store(&error))?;
        match expires_at {
            Some(_) => {
                upload.expires_at = expires_at;
                Ok(())
            }
            None => Err(super::locked()),
        }
    }

    /// Makes the whole of an upload whose bytes are all there, and unlocks it. `upload.offset` is its size; `upload.trace`,
    /// where its last byte was sent.
    pub async fn finish(&self, mut upload: Upload, lease: &Lease) -> Result<Upload, ApiProblem> {
        let span = crate::trace::finishing(&upload);
        upload.trace = trace::of(&span).or(upload.trace);
        self.make_whole(upload, lease).instrument(span).await
    }

    async fn make_whole(&self, mut upload: Upload, lease: &Lease) -> Result<Upload, ApiProblem> {
        let (key, sink) = (&upload.object_key, upload.sink.clone());
        let finish = self.objects.uploads().finish(key, sink, upload.offset);
        let meta = lease.guard(finish).await?;
        let meta = meta.map_err(|error| of_objects(&error))?;
        let (now, file, token) = (&upload, FileId(upload.id.0), lease.token);
        let bytes = meta.bytes;
        self.store
            .transact(|txn| async move {
                let done = uploads::complete(&*txn, now, token, file, bytes).await?;
                if let Some(trace) = &now.trace {
                    uploads::note_trace(&*txn, now.id, trace).await?;
                }
                uploads::release(&*txn, now.id, token).await?;
                match done {
                    true => Ok(()),
                    false => Err(Refusal::from(super::locked())),
                }
            })
            .await
            .map_err(ApiProblem::from)?;
        upload.length = Some(meta.bytes);
        upload.complete = true;
        upload.file = Some(file);
        upload.lock = None;
        Ok(upload)
    }

    /// The upload.
    ///
    /// # Errors
    /// 404; 410 when it has expired.
    pub async fn find(&self, id: UploadId) -> Result<Upload, ApiProblem> {
        let db = self.store.db();
        let found = uploads::find(db, id).await.map_err(|e| of_store(&e))?;
        let upload =
            found.ok_or_else(|| ApiProblem::not_found(format!("there is no upload {id}")))?;
        let now = reelmill_store::now(db).await.map_err(|e| of_store(&e))?;
        match upload.is_gone(now) {
            true => Err(super::expired()),
            false => Ok(upload),
        }
    }
}
