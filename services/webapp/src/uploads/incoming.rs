//! A request's body on its way into the object store, cut into pieces. Holds at most one chunk of it; never reads past what
//! the upload may have.

use super::digest::Digest;
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use reelmill_objects::ByteStream;
use std::{io, pin::Pin, sync::Arc, time::Duration};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// A body that says nothing for so long is given up.
const IDLE: Duration = Duration::from_secs(120);

/// Why no more bytes come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The body has ended.
    Whole,
    /// The sender went away.
    BrokenOff(String),
    /// Nothing came for [`IDLE`].
    Idle,
    /// We were asked to let go.
    LetGo,
    /// There is more than there may be.
    Excess,
}

/// Where bytes come from.
pub type Body = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// A body, shared by the pieces that it is cut into (one at a time).
#[derive(Clone)]
pub struct Incoming(Arc<Mutex<State>>);

struct State {
    body: Body,
    room: u64,
    digest: Option<Digest>,
    end: Option<End>,
    let_go: CancellationToken,
}

impl Incoming {
    /// A body of which at most `room` bytes may come, until `let_go` is cancelled.
    pub fn new(body: Body, room: u64, digest: Option<Digest>, let_go: CancellationToken) -> Self {
        Self(Arc::new(Mutex::new(State {
            body,
            room,
            digest,
            end: None,
            let_go,
        })))
    }

    /// The next piece: about `bytes` bytes, or what comes within `time` of its first byte. Never yields an error: see
    /// [`Self::end`].
    pub fn piece(&self, bytes: u64, time: Option<Duration>) -> ByteStream {
        let begun = (self.0.clone(), bytes, None);
        stream::unfold(begun, move |(state, left, deadline)| async move {
            if left == 0 {
                return None;
            }
            let chunk = state.lock().await.next(deadline).await?;
            let left = left.saturating_sub(chunk.len() as u64);
            let deadline = deadline.or_else(|| time.map(|time| Instant::now() + time));
            Some((Ok(chunk), (state, left, deadline)))
        })
        .boxed()
    }

    /// Why the last piece was the last; `None` when there is another.
    pub async fn end(&self) -> Option<End> {
        self.0.lock().await.end.clone()
    }

    /// Whether the bytes that came have the sum that was promised; true when none was.
    pub async fn matches(&self) -> bool {
        self.0
            .lock()
            .await
            .digest
            .take()
            .is_none_or(Digest::matches)
    }
}

impl State {
    async fn next(&mut self, deadline: Option<Instant>) -> Option<Bytes> {
        while self.end.is_none() {
            let over = async {
                match deadline {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let chunk = tokio::select! {
                biased;
                () = self.let_go.cancelled() => {
                    self.end = Some(End::LetGo);
                    break;
                }
                () = over => break,
                chunk = self.body.next() => chunk,
                () = sleep(IDLE) => {
                    self.end = Some(End::Idle);
                    break;
                }
            };
            match chunk {
                None => self.end = Some(End::Whole),
                Some(Err(e)) => self.end = Some(End::BrokenOff(e.to_string())),
                Some(Ok(chunk)) if chunk.is_empty() => {}
                Some(Ok(chunk)) if chunk.len() as u64 > self.room => self.end = Some(End::Excess),
                Some(Ok(chunk)) => {
                    self.room -= chunk.len() as u64;
                    if let Some(digest) = &mut self.digest {
                        digest.update(&chunk);
                    }
                    return Some(chunk);
                }
            }
        }
        None
    }
}
