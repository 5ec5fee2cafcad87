//! Makes segments of a stream: fills one piece while others are on their way. Memory is flat whatever comes.

use crate::{
    core::Core,
    errors::Attempt,
    piece::{Filling, Piece},
    segments::{Group, Segment},
};
use bytes::Bytes;
use futures::StreamExt;
use reelmill_objects::{ByteStream, ObjectError};
use std::{collections::BTreeMap, io, sync::Arc};
use tokio::task::JoinSet;

const ATTEMPT: &str = "appending to the upload";

/// What was written.
#[derive(Default)]
pub struct Written {
    /// What counts, in order.
    pub segments: Vec<Segment>,
    /// What came after one that failed, and counts no more.
    pub behind_a_gap: Vec<Segment>,
    /// Why there are no more.
    pub failed: Option<ObjectError>,
}

/// Writes segments of one upload. Dropped, it stops what is on its way.
pub struct Writer {
    core: Arc<Core>,
    key: String,
    group: String,
    piece_bytes: u64,
    filling: Filling,
    on_their_way: JoinSet<(usize, Result<Segment, ObjectError>)>,
    begun: usize,
    done: BTreeMap<usize, Segment>,
    failed: Option<ObjectError>,
}

impl Writer {
    /// Nothing is written yet.
    pub fn new(core: &Arc<Core>, key: &str, group: &str, piece_bytes: u64) -> Self {
        Self {
            filling: Filling::new(core.budget.clone()),
            core: core.clone(),
            key: key.to_owned(),
            group: group.to_owned(),
            piece_bytes,
            on_their_way: JoinSet::new(),
            begun: 0,
            done: BTreeMap::new(),
            failed: None,
        }
    }

    /// Takes everything that comes, until it ends or the store fails. Says why the data broke off, if it did.
    pub async fn take_all(&mut self, mut data: ByteStream) -> Option<ObjectError> {
        while self.failed.is_none() {
            match data.next().await? {
                Ok(chunk) => self.push(chunk).await,
                Err(broken) => return Some(incoming(&self.key, &broken)),
            }
        }
        None
    }

    /// Takes more bytes; nothing once the store has failed.
    pub async fn push(&mut self, mut chunk: Bytes) {
        while !chunk.is_empty() && self.failed.is_none() {
            let room = self.piece_bytes - self.filling.bytes();
            let now = usize::try_from(room).map_or(chunk.len(), |room| room.min(chunk.len()));
            let pushed = self.filling.push(chunk.split_to(now)).await;
            if let Err(e) = pushed {
                return self.spool_failed(e);
            }
            if self.filling.bytes() == self.piece_bytes {
                self.send().await;
            }
        }
    }

    /// Sends what is left and waits for all.
    pub async fn end(mut self) -> Written {
        if self.failed.is_none() && self.filling.bytes() > 0 {
            self.send().await;
        }
        while self.one_arrives().await {}
        let mut written = Written {
            failed: self.failed,
            ..Written::default()
        };
        for (place, (index, segment)) in self.done.into_iter().enumerate() {
            match place == index {
                true => written.segments.push(segment),
                false => written.behind_a_gap.push(segment),
            }
        }
        written
    }

    async fn send(&mut self) {
        while self.on_their_way.len() >= self.core.config.parallel.max(1) {
            self.one_arrives().await;
        }
        let filling = std::mem::replace(&mut self.filling, Filling::new(self.core.budget.clone()));
        let piece = match filling.end().await {
            Ok(piece) => piece,
            Err(e) => return self.spool_failed(e),
        };
        let (core, key, group) = (self.core.clone(), self.key.clone(), self.group.clone());
        let index = self.begun;
        self.begun += 1;
        self.on_their_way
            .spawn(async move { (index, put(&core, &key, &group, &piece).await) });
    }

    /// Waits for a segment; `false` when none is on its way.
    async fn one_arrives(&mut self) -> bool {
        match self.on_their_way.join_next().await {
            None => return false,
            Some(Ok((index, Ok(segment)))) => {
                self.done.insert(index, segment);
            }
            Some(Ok((_, Err(error)))) => self.failed = Some(error),
            Some(Err(panicked)) => {
                let attempt = Attempt {
                    what: ATTEMPT,
                    key: &self.key,
                };
                self.failed = Some(attempt.because(panicked));
            }
        }
        true
    }

    fn spool_failed(&mut self, error: io::Error) {
        let attempt = Attempt {
            what: ATTEMPT,
            key: &self.key,
        };
        let folder = self.core.config.spool.display();
        self.failed = Some(attempt.because(format!("spooling a piece in {folder}: {error}")));
    }
}

async fn put(core: &Core, key: &str, group: &str, piece: &Piece) -> Result<Segment, ObjectError> {
    let attempt = Attempt { what: ATTEMPT, key };
    let group = Group {
        core,
        attempt,
        id: group,
    };
    group.put(&piece.etag, piece.bytes, || piece.body()).await
}

/// The sender's stream broke.
pub fn incoming(key: &str, cause: &io::Error) -> ObjectError {
    ObjectError::Incoming {
        attempt: ATTEMPT,
        key: key.to_owned(),
        cause: cause.to_string(),
    }
}
