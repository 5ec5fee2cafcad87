//! A part that fills up: in memory when the budget has room for all of it, else in a file without a name, which goes when
//! this process does. And bodies of requests, from either, that can be sent again.

use crate::{bucket::Bucket, budget::Room};
use aws_sdk_s3::primitives::{ByteStream, ByteStreamError, Length, SdkBody};
use bytes::Bytes;
use std::{
    any::Any,
    fs::File,
    io::{self, Write},
    ops::Range,
    os::fd::AsRawFd,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What is gathered before it is written to the spool.
const WRITE: usize = 64 * 1024;
/// What is read at once when a file is sent.
const READ: usize = 64 * 1024;
/// Parts above this share of the budget go to the spool at once: one of them would keep all others out of memory.
const SHARE: u64 = 2;

/// A part on its way in.
pub enum Fill {
    /// In memory, with the room for it.
    Memory { bytes: Vec<u8>, room: Room },
    /// In the spool; `held` is not written yet.
    Spool {
        file: Arc<File>,
        held: Vec<u8>,
        written: u64,
    },
}

impl Fill {
    /// Takes up to `size` bytes.
    pub async fn open(bucket: &Bucket, size: u64) -> io::Result<Self> {
        let fits = size * SHARE <= bucket.budget.memory_bytes();
        if let Some(room) = bucket.budget.try_memory(size).filter(|_| fits) {
            let bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
            return Ok(Self::Memory { bytes, room });
        }
        let spool = bucket.spool.clone();
        let file = blocking(move || tempfile::tempfile_in(spool)).await?;
        Ok(Self::Spool {
            file: Arc::new(file),
            held: Vec::new(),
            written: 0,
        })
    }

    /// Bytes in it.
    pub fn len(&self) -> u64 {
        match self {
            Self::Memory { bytes, .. } => bytes.len() as u64,
            Self::Spool { held, written, .. } => written + held.len() as u64,
        }
    }

    /// Adds bytes.
    pub async fn push(&mut self, more: &[u8]) -> io::Result<()> {
        match self {
            Self::Memory { bytes, .. } => bytes.extend_from_slice(more),
            Self::Spool { held, .. } => {
                if held.len() + more.len() > WRITE {
                    self.flush().await?;
                }
                // Grown in one step, lest it grows to twice the size.
                if let Self::Spool { held, .. } = self {
                    held.reserve_exact(WRITE.saturating_sub(held.len()).max(more.len()));
                    held.extend_from_slice(more);
                }
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> io::Result<()> {
        let Self::Spool {
            file,
            held,
            written,
        } = self
        else {
            return Ok(());
        };
        let (to, now) = (file.clone(), std::mem::take(held));
        *written += now.len() as u64;
        *held = blocking(move || {
            (&*to).write_all(&now)?;
            Ok(now)
        })
        .await?;
        held.clear();
        Ok(())
    }

    /// What is in it from `from` on, to be sent.
    pub async fn into_body(mut self, from: u64) -> io::Result<Body> {
        self.flush().await?;
        Ok(match self {
            Self::Memory { bytes, room } => {
                let from = usize::try_from(from).unwrap_or(usize::MAX).min(bytes.len());
                Body {
                    from: From::Memory(Bytes::from(bytes).slice(from..)),
                    _held: Some(Arc::new(room)),
                }
            }
            Self::Spool { file, written, .. } => {
                // The only name of a file without a name; it lasts as long as the file is open.
                let path = format!("/proc/self/fd/{}", file.as_raw_fd());
                Body {
                    from: From::File(path.into(), from..written),
                    _held: Some(file),
                }
            }
        })
    }
}

/// What a request sends; as often as it must.
#[derive(Clone)]
pub struct Body {
    from: From,
    /// What must last as long: room in the budget, or a file without a name.
    _held: Option<Arc<dyn Any + Send + Sync>>,
}

#[derive(Clone)]
enum From {
    Memory(Bytes),
    File(PathBuf, Range<u64>),
}

impl Body {
    /// Of bytes that the caller accounts for.
    pub fn memory(bytes: Bytes) -> Self {
        Self {
            from: From::Memory(bytes),
            _held: None,
        }
    }

    /// Of a range of a file.
    pub fn file(path: &Path, range: Range<u64>) -> Self {
        Self {
            from: From::File(path.to_owned(), range),
            _held: None,
        }
    }

    /// Its length.
    pub fn len(&self) -> u64 {
        match &self.from {
            From::Memory(bytes) => bytes.len() as u64,
            From::File(_, range) => range.end - range.start,
        }
    }

    /// As the SDK sends it.
    pub async fn stream(&self) -> Result<ByteStream, ByteStreamError> {
        match &self.from {
            From::Memory(bytes) => Ok(ByteStream::new(SdkBody::from(bytes.clone()))),
            From::File(path, range) => {
                ByteStream::read_from()
                    .path(path)
                    .offset(range.start)
                    .length(Length::Exact(range.end - range.start))
                    .buffer_size(READ)
                    .build()
                    .await
            }
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}
