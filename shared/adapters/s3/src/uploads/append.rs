//! Data coming in: parts are sent while the next one fills, and what is left becomes a piece of the tail. Memory is flat:
//! a part is in memory only if the budget has room, and only so many parts wait for the store.

use super::{
    multipart::{self, Multipart, Part},
    state::State,
    tail,
};
use crate::{bucket::Bucket, errors::Attempt, fill::Fill};
use bytes::Bytes;
use futures::StreamExt;
use reelmill_objects::{ByteStream, ObjectError};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Parts of one upload that are full and not yet stored.
const WAITING: usize = 4;
/// Pieces of a tail before they are joined into one.
const PIECES: usize = 16;

/// Appends `data` at `offset`. Returns the new state, and why the data broke off if it did.
pub async fn append(
    bucket: &Arc<Bucket>,
    key: &str,
    mut state: State,
    offset: u64,
    mut data: ByteStream,
) -> Result<(State, Option<ObjectError>), ObjectError> {
    let attempt = bucket.place.attempt("writing to the upload", key);
    let doomed = state
        .begin_append(offset)
        .map_err(|cause| attempt.because(cause))?;
    let (finished, ()) = tokio::join!(
        multipart::find(bucket, key, &state.id),
        tail::remove(bucket, key, &state.id, doomed),
    );
    if finished?.is_some() {
        return Err(attempt.because("it is finished"));
    }
    let mut writer = Writer::new(bucket, key, state, attempt);
    let broken = loop {
        tokio::select! {
            biased;
            Some(stored) = writer.flying.join_next() => writer.landed(stored)?,
            more = data.next() => match more {
                None => break None,
                Some(Err(e)) => break Some(attempt.broke_off(e)),
                Some(Ok(bytes)) => writer.take(bytes).await?,
            },
        }
    };
    Ok((writer.end().await?, broken))
}

/// A number that differs between appends, also of other processes.
pub fn salt() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    static FIRST: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    let first = FIRST.get_or_init(|| {
        let random = Uuid::now_v7().into_bytes();
        u32::from_be_bytes([random[12], random[13], random[14], random[15]])
    });
    first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed))
}

type Stored = Result<(usize, Part), ObjectError>;

struct Writer<'a> {
    bucket: &'a Arc<Bucket>,
    key: &'a str,
    attempt: Attempt<'a>,
    state: State,
    salt: u32,
    /// The part of the slot that comes next, if something came for it; it begins with the tail.
    fill: Option<Fill>,
    /// Its bytes that are stored as the tail already.
    old: u64,
    /// Slots before these are stored, in the state, or on their way.
    slot: usize,
    landed: Vec<(usize, Part)>,
    /// Parts on their way. Dropping it stops them.
    flying: JoinSet<Stored>,
}

impl<'a> Writer<'a> {
    fn new(bucket: &'a Arc<Bucket>, key: &'a str, state: State, attempt: Attempt<'a>) -> Self {
        Self {
            bucket,
            key,
            attempt,
            salt: salt(),
            fill: None,
            old: 0,
            slot: state.parts.len(),
            landed: Vec::new(),
            flying: JoinSet::new(),
            state,
        }
    }

    async fn take(&mut self, mut bytes: Bytes) -> Result<(), ObjectError> {
        while !bytes.is_empty() {
            let size = self.state.schedule().size(self.slot);
            if self.fill.is_none() {
                self.fill = Some(self.open(size).await?);
            }
            let Some(fill) = &mut self.fill else { continue };
            let room = usize::try_from(size - fill.len()).unwrap_or(usize::MAX);
            if room == 0 {
                return Err(self.attempt.because("more bytes came than its length"));
            }
            let now = bytes.split_to(bytes.len().min(room));
            fill.push(&now).await.map_err(|e| spool(self.attempt, &e))?;
            if fill.len() == size && self.state.upload.is_some() {
                self.send().await?;
            }
        }
        Ok(())
    }

    /// A part for the next slot, with the tail in it.
    async fn open(&mut self, size: u64) -> Result<Fill, ObjectError> {
        if size == 0 {
            return Err(self.attempt.because("more bytes came than its length"));
        }
        let mut fill = Fill::open(self.bucket, size)
            .await
            .map_err(|e| spool(self.attempt, &e))?;
        if self.slot == self.state.parts.len() {
            tail::read_back(self.bucket, self.key, &self.state, &mut fill).await?;
        }
        self.old = fill.len();
        Ok(fill)
    }

    /// Sends the part that is full, after another one if too many wait.
    async fn send(&mut self) -> Result<(), ObjectError> {
        let (Some(fill), Some(id)) = (self.fill.take(), &self.state.upload) else {
            return Ok(());
        };
        let upload = Multipart::of(self.bucket, self.key, id.clone(), self.state.id.clone());
        let slot = self.slot;
        let number = self
            .state
            .schedule()
            .number(slot, self.salt)
            .ok_or_else(|| self.attempt.because("it is longer than a store takes"))?;
        let body = fill
            .into_body(0)
            .await
            .map_err(|e| spool(self.attempt, &e))?;
        self.flying
            .spawn(async move { Ok((slot, upload.part(number, body).await?)) });
        self.slot += 1;
        self.old = 0;
        while self.flying.len() >= WAITING.min(self.bucket.parallel + 1) {
            if let Some(stored) = self.flying.join_next().await {
                self.landed(stored)?;
            }
        }
        Ok(())
    }

    fn landed(
        &mut self,
        stored: Result<Stored, tokio::task::JoinError>,
    ) -> Result<(), ObjectError> {
        self.landed
            .push(stored.map_err(|e| self.attempt.because(e))??);
        Ok(())
    }

    /// Everything that came is stored when this returns.
    async fn end(mut self) -> Result<State, ObjectError> {
        let rest = match self.fill.take() {
            Some(fill) if fill.len() > self.old => Some(fill),
            _ => None,
        };
        let rest = match rest {
            // A tail that has many pieces is written anew, as one.
            Some(fill) if self.slot == self.state.parts.len() => {
                let joins = self.state.tail.len() >= PIECES;
                Some((fill, if joins { 0 } else { self.old }))
            }
            Some(fill) => Some((fill, 0)),
            None => None,
        };
        let piece = match rest {
            None => None,
            Some((fill, from)) => {
                let body = fill
                    .into_body(from)
                    .await
                    .map_err(|e| spool(self.attempt, &e))?;
                let piece = tail::write(self.bucket, self.key, &self.state.id, body).await?;
                Some((piece, from))
            }
        };
        while let Some(stored) = self.flying.join_next().await {
            self.landed(stored)?;
        }
        let mut state = self.state;
        if !self.landed.is_empty() {
            self.landed.sort_unstable_by_key(|(slot, _)| *slot);
            state
                .parts
                .extend(self.landed.into_iter().map(|(_, part)| part));
            state.tail.clear();
        }
        if let Some((piece, from)) = piece {
            if from == 0 {
                state.tail.clear();
            }
            state.tail.push(piece);
        }
        Ok(state)
    }
}

/// The spool is ours, not the store: what it lacks must not sound like a full store.
fn spool(attempt: Attempt<'_>, error: &std::io::Error) -> ObjectError {
    attempt.because(format!("the spool folder: {error}"))
}
