//! Resumable uploads: every piece is a segment of its own, so a byte that was answered for is in Swift. The state names the
//! segments; segments have names that nobody else has, so an append that was cut off, or one by a stale holder of the
//! lock, can't overwrite anything.

mod state;
mod writer;

use crate::{
    core::Core,
    errors::Attempt,
    names::fresh_id,
    put::described,
    read,
    segments::{Group, Segment},
};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};
use reelmill_objects::{Appended, ByteStream, ObjectError, ObjectMeta, UploadSink, check_key};
use serde_json::Value;
use state::{Cut, State};
use std::sync::Arc;
use writer::Writer;

/// The store's uploads.
pub struct Uploads {
    core: Arc<Core>,
}

impl Uploads {
    /// Of this store.
    pub fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    fn group<'a>(&'a self, attempt: Attempt<'a>, state: &'a State) -> Group<'a> {
        Group {
            core: &self.core,
            attempt,
            id: &state.group,
        }
    }

    /// What the object of this key is, if it was made of this upload.
    async fn finished(
        &self,
        attempt: Attempt<'_>,
        state: &State,
    ) -> Result<Option<u64>, ObjectError> {
        let name = self.core.names.object(attempt)?;
        let head = self.core.head(attempt, &name).await?;
        Ok(head.and_then(|h| (h.group.as_deref() == Some(&state.group)).then_some(h.bytes)))
    }

    async fn refuse_finished(
        &self,
        attempt: Attempt<'_>,
        state: &State,
    ) -> Result<(), ObjectError> {
        match self.finished(attempt, state).await? {
            Some(bytes) => Err(attempt.because(format!("it is finished with {bytes} bytes"))),
            None => Ok(()),
        }
    }

    /// What an upload has become when it keeps `cut` and goes on with what was cut off and kept, then `data`.
    async fn write_on(
        &self,
        attempt: Attempt<'_>,
        mut state: State,
        cut: Cut,
        data: ByteStream,
    ) -> Result<Appended, ObjectError> {
        self.put_off_expiry(attempt, &mut state, &cut.kept).await?;
        let piece = state.piece_bytes(self.core.config.piece_bytes, cut.bytes());
        let mut writer = Writer::new(&self.core, attempt.key, &state.group, piece);
        for (segment, length) in &cut.again {
            let name = self.group(attempt, &state).name(&segment.id);
            let mut old = read::open(self.core.clone(), attempt, &name, 0..*length, None).await?;
            while let Some(chunk) = old.next().await {
                writer.push(chunk.map_err(|e| attempt.because(e))?).await;
            }
        }
        let broken = writer.take_all(data).await;
        let written = writer.end().await;
        let Some(error) = written.failed else {
            return Ok(state.next(cut, written.segments).appended(broken));
        };
        let durable: u64 = written.segments.iter().map(|s| s.bytes).sum();
        let is_full = matches!(error, ObjectError::Full { .. });
        let counts = !is_full && cut.kept_bytes() + durable >= cut.bytes();
        let mut lost = written.behind_a_gap;
        if !counts {
            // The caller keeps the state it had, which names none of these.
            lost.extend(written.segments.iter().cloned());
        }
        let lost = lost.iter().map(|s| &s.id);
        if let Err(left) = self.group(attempt, &state).remove(lost).await {
            tracing::warn!(key = attempt.key, %left, "segments stay until the upload ends");
        }
        match counts {
            true => Ok(state.next(cut, written.segments).appended(Some(error))),
            false => Err(error),
        }
    }

    /// Once in a while the segments that an upload keeps get their whole time again.
    async fn put_off_expiry(
        &self,
        attempt: Attempt<'_>,
        state: &mut State,
        kept: &[Segment],
    ) -> Result<(), ObjectError> {
        if state.is_to_be_refreshed(self.core.config.unfinished_for) {
            self.group(attempt, state).refresh(kept).await?;
            state.refreshed_now();
        }
        Ok(())
    }

    /// Removes what earlier states named: whoever shows a later one has written it down.
    async fn remove_replaced(&self, attempt: Attempt<'_>, state: &State) {
        if let Err(left) = self.group(attempt, state).remove(&state.replaced).await {
            tracing::debug!(key = attempt.key, %left, "replaced segments stay until the upload ends");
        }
    }
}

#[async_trait]
impl UploadSink for Uploads {
    async fn begin(&self, key: &str, length: Option<u64>) -> Result<Value, ObjectError> {
        let attempt = Attempt {
            what: "beginning the upload",
            key,
        };
        self.core.names.object(attempt)?;
        Ok(State::new(fresh_id(), length).to_json())
    }

    async fn append(
        &self,
        key: &str,
        state: Value,
        offset: u64,
        data: ByteStream,
    ) -> Result<Appended, ObjectError> {
        check_key(key)?;
        let attempt = Attempt {
            what: "appending to the upload",
            key,
        };
        let state = State::read(attempt, state)?;
        let piece = state.piece_bytes(self.core.config.piece_bytes, offset);
        let cut = state.cut(attempt, offset, piece)?;
        self.refuse_finished(attempt, &state).await?;
        let (first, data) = first_bytes(data).await;
        if offset == state.bytes() && !matches!(first, Some(Ok(_))) {
            let broken = first.and_then(Result::err);
            let broken = broken.map(|cause| writer::incoming(key, &cause));
            return Ok(state.appended(broken));
        }
        self.remove_replaced(attempt, &state).await;
        let data = stream::iter(first).chain(data).boxed();
        self.write_on(attempt, state, cut, data).await
    }

    async fn finish(&self, key: &str, state: Value, bytes: u64) -> Result<ObjectMeta, ObjectError> {
        check_key(key)?;
        let attempt = Attempt {
            what: "finishing the upload",
            key,
        };
        let mut state = State::read(attempt, state)?;
        match self.finished(attempt, &state).await? {
            Some(there) if there == bytes => return Ok(described(attempt, bytes)),
            Some(there) => {
                return Err(attempt.because(format!("it was finished with {there} bytes")));
            }
            None => {}
        }
        if state.bytes() != bytes {
            let cut = state.cut(attempt, bytes, 0)?;
            let nothing = stream::empty().boxed();
            let done = self.write_on(attempt, state, cut, nothing).await?;
            state = State::read(attempt, done.state)?;
        }
        if bytes == 0 {
            return self
                .core
                .put_bytes(attempt, Bytes::new(), Some(&state.group))
                .await;
        }
        self.group(attempt, &state)
            .complete(&state.segments)
            .await?;
        match self.finished(attempt, &state).await? {
            Some(there) if there == bytes => Ok(described(attempt, bytes)),
            there => Err(attempt.because(format!("Swift made an object of {there:?} bytes"))),
        }
    }

    async fn abort(&self, key: &str, state: Value) -> Result<(), ObjectError> {
        check_key(key)?;
        let attempt = Attempt {
            what: "aborting the upload",
            key,
        };
        let Ok(state) = State::read(attempt, state) else {
            // Never begun here.
            return Ok(());
        };
        if self.finished(attempt, &state).await?.is_some() {
            return Ok(());
        }
        let group = self.group(attempt, &state);
        // The listing may lag behind; the state knows what counts.
        group.remove(state.segments.iter().map(|s| &s.id)).await?;
        group.remove_all_but(&Default::default()).await.map(drop)
    }

    async fn truncate(&self, key: &str, state: Value, bytes: u64) -> Result<Value, ObjectError> {
        check_key(key)?;
        let attempt = Attempt {
            what: "truncating the upload",
            key,
        };
        let state = State::read(attempt, state)?;
        let cut = state.cut(attempt, bytes, 0)?;
        self.refuse_finished(attempt, &state).await?;
        let nothing = stream::empty().boxed();
        Ok(self.write_on(attempt, state, cut, nothing).await?.state)
    }
}

/// The first bytes that come, or why none do, and what follows.
async fn first_bytes(data: ByteStream) -> (Option<std::io::Result<Bytes>>, ByteStream) {
    let mut data = data.fuse();
    loop {
        match data.next().await {
            Some(Ok(chunk)) if chunk.is_empty() => {}
            first => return (first, data.boxed()),
        }
    }
}
