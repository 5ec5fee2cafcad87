//! A piece of data on its way to Swift, that can be sent again: in memory while the budget lasts, else in a file that has
//! no name. Never waits for memory: whoever sends slowly must not stop the others.

use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream};
use md5::{Digest, Md5};
use reqwest::Body;
use std::{fs::File, io, os::unix::fs::FileExt, path::PathBuf, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Memory is given out in blocks of this.
const BLOCK: usize = 128 * 1024;

/// How much memory pieces may take, and where they go beyond.
#[derive(Clone)]
pub struct Budget {
    blocks: Arc<Semaphore>,
    spool: Arc<PathBuf>,
}

impl Budget {
    /// So many bytes, and this folder.
    pub fn new(bytes: u64, spool: PathBuf) -> Self {
        let blocks = usize::try_from(bytes).unwrap_or(usize::MAX) / BLOCK;
        Self {
            blocks: Arc::new(Semaphore::new(blocks.min(Semaphore::MAX_PERMITS))),
            spool: Arc::new(spool),
        }
    }
}

/// A piece that is complete.
pub struct Piece {
    held: Held,
    /// Its length.
    pub bytes: u64,
    /// Its MD5 in hex, which is Swift's ETag.
    pub etag: String,
}

enum Held {
    Memory(
        Vec<Bytes>,
        #[allow(dead_code, reason = "given back when dropped")] Vec<OwnedSemaphorePermit>,
    ),
    File(Arc<File>),
}

impl Piece {
    /// The whole piece, as often as it is asked for.
    pub fn body(&self) -> Body {
        match &self.held {
            Held::Memory(blocks, _) => {
                Body::wrap_stream(stream::iter(blocks.clone()).map(io::Result::Ok))
            }
            Held::File(file) => file_body(file.clone(), 0, self.bytes),
        }
    }
}

/// A part of a file as a request's body.
pub fn file_body(file: Arc<File>, from: u64, bytes: u64) -> Body {
    let end = from + bytes;
    Body::wrap_stream(stream::try_unfold(from, move |at| {
        let file = file.clone();
        async move {
            if at == end {
                return Ok(None);
            }
            let length = (end - at).min(BLOCK as u64 * 2);
            let block = read_at(file, at, length as usize).await?;
            Ok::<_, io::Error>(Some((block, at + length)))
        }
    }))
}

async fn read_at(file: Arc<File>, at: u64, length: usize) -> io::Result<Bytes> {
    blocking(move || {
        let mut block = vec![0; length];
        file.read_exact_at(&mut block, at)?;
        Ok(block.into())
    })
    .await
}

/// A piece that is being filled.
pub struct Filling {
    budget: Budget,
    /// Complete blocks that are in memory.
    blocks: Vec<Bytes>,
    permits: Vec<OwnedSemaphorePermit>,
    /// The block that is being filled.
    block: BytesMut,
    /// Where complete blocks go once the budget is used up, and how many bytes are there.
    file: Option<(Arc<File>, u64)>,
    md5: Md5,
    bytes: u64,
}

impl Filling {
    /// Nothing is there, and takes nothing.
    pub fn new(budget: Budget) -> Self {
        Self {
            budget,
            blocks: Vec::new(),
            permits: Vec::new(),
            block: BytesMut::new(),
            file: None,
            md5: Md5::new(),
            bytes: 0,
        }
    }

    /// How long it is so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds `chunk`.
    pub async fn push(&mut self, mut chunk: Bytes) -> io::Result<()> {
        self.md5.update(&chunk);
        self.bytes += chunk.len() as u64;
        while !chunk.is_empty() {
            if self.block.capacity() == 0 {
                self.block = BytesMut::with_capacity(BLOCK);
            }
            let room = BLOCK - self.block.len();
            let now = chunk.split_to(chunk.len().min(room));
            self.block.extend_from_slice(&now);
            if self.block.len() == BLOCK {
                self.keep_block().await?;
            }
        }
        Ok(())
    }

    /// Ends it.
    pub async fn end(mut self) -> io::Result<Piece> {
        if !self.block.is_empty() {
            self.keep_block().await?;
        }
        Ok(Piece {
            bytes: self.bytes,
            etag: hex(&self.md5.finalize()),
            held: match self.file {
                Some((file, _)) => Held::File(file),
                None => Held::Memory(self.blocks, self.permits),
            },
        })
    }

    async fn keep_block(&mut self) -> io::Result<()> {
        let block = std::mem::take(&mut self.block).freeze();
        if self.file.is_none() {
            if let Ok(permit) = self.budget.blocks.clone().try_acquire_owned() {
                self.permits.push(permit);
                self.blocks.push(block);
                return Ok(());
            }
            let spool = self.budget.spool.clone();
            let file = blocking(move || {
                std::fs::create_dir_all(&*spool)?;
                tempfile::tempfile_in(&*spool)
            });
            self.file = Some((Arc::new(file.await?), 0));
        }
        let mut blocks = std::mem::take(&mut self.blocks);
        blocks.push(block);
        if let Some((file, at)) = &mut self.file {
            for block in blocks {
                let (to, from, length) = (file.clone(), *at, block.len() as u64);
                blocking(move || to.write_all_at(&block, from)).await?;
                *at += length;
            }
        }
        self.permits.clear();
        Ok(())
    }
}

/// MD5 of a part of a file, in hex.
pub async fn file_md5(file: Arc<File>, from: u64, bytes: u64) -> io::Result<String> {
    blocking(move || {
        let mut md5 = Md5::new();
        let mut block = vec![0; BLOCK * 2];
        let (mut at, end) = (from, from + bytes);
        while at < end {
            let length = ((end - at) as usize).min(block.len());
            file.read_exact_at(&mut block[..length], at)?;
            md5.update(&block[..length]);
            at += length as u64;
        }
        Ok(hex(&md5.finalize()))
    })
    .await
}

/// MD5 of bytes, in hex.
pub fn md5_hex(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

/// Bytes in hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Runs what blocks where it may.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|e| Err(io::Error::other(e)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests speak by panicking")]
mod tests {
    use super::*;

    async fn filled(budget: &Budget, data: &[u8]) -> Piece {
        let mut filling = Filling::new(budget.clone());
        for chunk in data.chunks(70_000) {
            filling.push(Bytes::copy_from_slice(chunk)).await.unwrap();
        }
        filling.end().await.unwrap()
    }

    #[tokio::test]
    async fn what_the_budget_does_not_hold_goes_through_a_file_and_gives_its_memory_back() {
        let folder = tempfile::tempdir().unwrap();
        let budget = Budget::new(4 * BLOCK as u64, folder.path().join("spool"));
        let data: Vec<u8> = (0..BLOCK * 3 + 5).map(|n| (n % 251) as u8).collect();
        let first = filled(&budget, &data).await;
        assert!(matches!(first.held, Held::Memory(..)));
        assert_eq!(budget.blocks.available_permits(), 0);
        let second = filled(&budget, &data).await;
        assert!(matches!(second.held, Held::File(_)));
        assert_eq!((first.bytes, &first.etag), (second.bytes, &second.etag));
        drop(first);
        assert_eq!(budget.blocks.available_permits(), 4);
        let longer: Vec<u8> = data.repeat(2);
        let third = filled(&budget, &longer).await;
        assert!(matches!(third.held, Held::File(_)));
        assert_eq!(budget.blocks.available_permits(), 4);
        let left = std::fs::read_dir(folder.path().join("spool")).unwrap();
        assert_eq!(left.count(), 0, "a spool file has a name");
    }
}
