//! Resumable uploads: straight into a multipart upload, whole parts as they fill, what is left as a *tail*.
//!
//! Any process that has the state can go on, and a state stays good until the one that follows it is kept. So:
//!
//! - **Nothing is written twice under one name.** A tail is a list of pieces, each an object with a name of its own
//!   (`.tails/KEY/UPLOAD.PIECE`). An append writes a new piece and leaves those of its own state alone; the state that it
//!   returns names the pieces that are not needed any more, and the append after that, which shows that the state was
//!   kept, removes them. Whether a crash comes before or after the caller keeps a state, the pieces that it names exist.
//! - **A writer that lost its lock does no harm.** It may wake up from a pause and send a part of the same slot as the
//!   writer that followed it, and S3 keeps whichever came last under a part number. So a slot has several numbers
//!   (`schedule`), each append picks one of them by its own salt, and the state pins the number *and the ETag* of every
//!   part. The loser's parts have other numbers, or, where an upload is so long that numbers are scarce, the same number
//!   and usually the same content. What is completed is what the state names: a part that somebody wrote over with other
//!   bytes makes finishing fail (`InvalidPart`), never a mixture. The loser's pieces are objects of their own, which nobody names.
//! - **Finishing can be repeated.** The object bears the upload's id in its metadata: what it finds under the key is its
//!   own, or it isn't. An append looks first, so that nothing is added to what is finished.
//! - **What is left over is found.** Finishing and aborting list the upload's pieces and remove them; what a dead process
//!   leaves, [`crate::S3Store`]'s `unfinished` lists.
//!
//! OpenStack Swift's S3 API takes parts for an upload that is completed, and they would change the object if they had its
//! numbers: the salts keep a late writer from that, too. Parts that nobody names stay there in a container of Swift's own.
//!
//! Part numbers have gaps, which S3 allows in general purpose buckets (not in directory buckets, nor with per-part
//! checksums, which we don't use).

mod append;
mod finish;
pub mod multipart;
mod state;
mod tail;

use crate::{bucket::Bucket, limit};
use async_trait::async_trait;
use multipart::Multipart;
use reelmill_objects::{Appended, ByteStream, ObjectError, ObjectMeta, UploadSink, check_key};
use serde_json::Value;
use state::{State, unfit};
use std::sync::Arc;
use uuid::Uuid;

/// The bucket's uploads.
pub struct Uploads {
    bucket: Arc<Bucket>,
}

impl Uploads {
    /// Those of `bucket`.
    pub fn of(bucket: Arc<Bucket>) -> Self {
        Self { bucket }
    }
}

fn read(attempt: &'static str, key: &str, kept: Value) -> Result<State, ObjectError> {
    check_key(key)?;
    State::of(kept).map_err(|cause| unfit(attempt, key, cause))
}

fn kept(attempt: &'static str, key: &str, state: &State) -> Result<Value, ObjectError> {
    state.kept().map_err(|cause| unfit(attempt, key, cause))
}

#[async_trait]
impl UploadSink for Uploads {
    async fn begin(&self, key: &str, length: Option<u64>) -> Result<Value, ObjectError> {
        check_key(key)?;
        let id = Uuid::now_v7().simple().to_string();
        let numbers = limit::for_length(&self.bucket, length).await?;
        let mut state = State::begun(id, length, numbers);
        if !state.schedule().is_one_part() {
            let upload = Multipart::begin_marked(&self.bucket, key, &state.id).await?;
            state.upload = Some(upload.id().to_owned());
        }
        kept("beginning the upload", key, &state)
    }

    async fn append(
        &self,
        key: &str,
        state: Value,
        offset: u64,
        data: ByteStream,
    ) -> Result<Appended, ObjectError> {
        const ATTEMPT: &str = "writing to the upload";
        let state = read(ATTEMPT, key, state)?;
        let (state, broken) = append::append(&self.bucket, key, state, offset, data).await?;
        Ok(Appended {
            offset: state.durable(),
            state: kept(ATTEMPT, key, &state)?,
            broken,
        })
    }

    async fn finish(&self, key: &str, state: Value, bytes: u64) -> Result<ObjectMeta, ObjectError> {
        let state = read("finishing", key, state)?;
        finish::finish(&self.bucket, key, state, bytes).await
    }

    async fn abort(&self, key: &str, state: Value) -> Result<(), ObjectError> {
        let state = read("aborting the upload", key, state)?;
        finish::abort(&self.bucket, key, &state).await
    }

    async fn truncate(&self, key: &str, state: Value, bytes: u64) -> Result<Value, ObjectError> {
        const ATTEMPT: &str = "truncating the upload";
        let mut state = read(ATTEMPT, key, state)?;
        state
            .cut(bytes)
            .map_err(|cause| unfit(ATTEMPT, key, cause))?;
        kept(ATTEMPT, key, &state)
    }
}
