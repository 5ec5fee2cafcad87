//! Writes an append to disk while more of it comes in. Memory is flat: a few buffers go round between the receiving
//! side, which fills them, and the writing thread, which empties them. Syncing begins early, on a thread of its own,
//! so that the sync at the end, which the caller waits for, is short.

use super::state::{State, Target};
use crate::errors::{Attempt, blocking};
use futures::StreamExt;
use reelmill_objects::{ByteStream, ObjectError};
use std::{
    fs::File,
    io, mem,
    os::unix::fs::FileExt,
    sync::Arc,
    thread::{self, JoinHandle},
};
use tokio::sync::mpsc;

/// How much is written at once; small chunks are gathered up to it.
const WRITE_AT_ONCE: usize = 1024 * 1024;

/// Buffers that go round: one is filled, one is written, one is between them.
const BUFFERS: usize = 3;

/// How much is written before the disk is asked to start on it.
const SYNC_EVERY: u64 = 32 * 1024 * 1024;

/// What is attempted.
pub const ATTEMPT: &str = "writing the upload";

/// What became of an append.
pub struct Written {
    /// The state that names what was written; none when nothing was that needs a new one.
    pub state: Option<State>,
    /// Where the durable bytes end.
    pub end: u64,
    /// Why the data broke off, if it did.
    pub broken: Option<ObjectError>,
}

/// Writes `data` from `offset` on into the file that `open` gives, and syncs it.
pub async fn write<F>(
    key: &str,
    offset: u64,
    data: ByteStream,
    open: F,
) -> Result<Written, ObjectError>
where
    F: FnOnce(Attempt<'_>) -> Result<Target, ObjectError> + Send + 'static,
{
    let (full, to_write) = mpsc::channel(BUFFERS);
    let (empty, to_fill) = mpsc::channel(BUFFERS);
    let writer = blocking(ATTEMPT, key, move |attempt| {
        let Target { file, made, state } = open(attempt)?;
        let file = Arc::new(file);
        let written = write_all(&file, offset, to_write, &empty).or_else(|error| {
            // Whoever filled the disk needs its room back: the database lies on it, too.
            if made.is_none() {
                file.set_len(offset)?;
            }
            Err(error)
        });
        let came = written.as_ref().is_ok_and(|end| *end > offset);
        if let Some(made) = made.filter(|_| !came) {
            made.remove();
            return written
                .map(|end| (None, end))
                .map_err(|e| attempt.failed(e));
        }
        written
            .map(|end| (Some(state), end))
            .map_err(|e| attempt.failed(e))
    });
    let (written, broken) = tokio::join!(writer, gather(data, full, to_fill));
    let broken = broken.err().map(|cause| ObjectError::Incoming {
        attempt: ATTEMPT,
        key: key.to_owned(),
        cause: cause.to_string(),
    });
    let (state, end) = written?;
    Ok(Written { state, end, broken })
}

/// Gathers chunks into buffers. `Err` when the data broke off; what came before has been passed on.
async fn gather(
    mut data: ByteStream,
    full: mpsc::Sender<Vec<u8>>,
    mut to_fill: mpsc::Receiver<Vec<u8>>,
) -> io::Result<()> {
    let mut made = 1;
    let mut buffer = Vec::new();
    let ended = loop {
        let mut chunk = match data.next().await {
            Some(Ok(chunk)) => chunk,
            Some(Err(broken)) => break Err(broken),
            None => break Ok(()),
        };
        while !chunk.is_empty() {
            let room = WRITE_AT_ONCE - buffer.len();
            let now = chunk.split_to(chunk.len().min(room));
            buffer.extend_from_slice(&now);
            if buffer.len() < WRITE_AT_ONCE {
                continue;
            }
            if full.send(mem::take(&mut buffer)).await.is_err() {
                // The writer has stopped, and says why itself.
                return Ok(());
            }
            buffer = if made < BUFFERS {
                made += 1;
                Vec::with_capacity(WRITE_AT_ONCE)
            } else {
                match to_fill.recv().await {
                    Some(buffer) => buffer,
                    None => return Ok(()),
                }
            };
        }
    };
    if !buffer.is_empty() && full.send(buffer).await.is_err() {
        tracing::debug!("the writer stopped before the last piece");
    }
    ended
}

/// Writes buffers as they come, then syncs. Returns where the file's durable bytes end.
fn write_all(
    file: &Arc<File>,
    offset: u64,
    mut to_write: mpsc::Receiver<Vec<u8>>,
    empty: &mpsc::Sender<Vec<u8>>,
) -> io::Result<u64> {
    let mut end = offset;
    let mut early = EarlySync::new(file, offset);
    while let Some(mut buffer) = to_write.blocking_recv() {
        file.write_all_at(&buffer, end)?;
        end += buffer.len() as u64;
        buffer.clear();
        // The receiving side may have ended already; then nobody fills it again.
        drop(empty.try_send(buffer));
        early.written(end)?;
    }
    early.end()?;
    file.sync_data()?;
    Ok(end)
}

/// Starts the disk on what was written, beside the writing, one sync at a time.
///
/// Linux tells a write-back error only once to an open file, so what an early sync says must not be lost.
struct EarlySync<'a> {
    file: &'a Arc<File>,
    begun: u64,
    running: Option<JoinHandle<io::Result<()>>>,
}

impl<'a> EarlySync<'a> {
    fn new(file: &'a Arc<File>, offset: u64) -> Self {
        Self {
            file,
            begun: offset,
            running: None,
        }
    }

    fn written(&mut self, end: u64) -> io::Result<()> {
        let busy = self.running.as_ref().is_some_and(|r| !r.is_finished());
        if busy || end - self.begun < SYNC_EVERY {
            return Ok(());
        }
        self.end()?;
        self.begun = end;
        let file = self.file.clone();
        self.running = Some(thread::spawn(move || file.sync_data()));
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        match self.running.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(synced)) => synced,
            Some(Err(_)) => Err(io::Error::other("the syncing thread panicked")),
        }
    }
}
