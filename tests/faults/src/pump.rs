//! Bytes from one side to the other, up to the point where they break.

use std::{io, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{Instant, sleep_until},
};

/// What is passed on at once.
const CHUNK: usize = 64 * 1024;

/// How a flow ends before its end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// Bytes that pass at all.
    pub bytes: Option<u64>,
    /// Bytes that pass in a second.
    pub bytes_per_s: Option<u64>,
}

/// How a flow ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its source has no more.
    Whole,
    /// It has reached its limit.
    Limit,
}

/// Passes on what came already and what comes, until the end or a limit.
pub async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    already: &[u8],
    limits: Limits,
) -> io::Result<End> {
    let mut flow = Flow {
        begun: Instant::now(),
        passed: 0,
        limits,
    };
    if flow.pass(to, already).await? == End::Limit {
        return Ok(End::Limit);
    }
    let mut chunk = vec![0; CHUNK];
    loop {
        let came = from.read(&mut chunk).await?;
        let end = flow.pass(to, &chunk[..came]).await?;
        if came == 0 || end == End::Limit {
            to.flush().await?;
            return Ok(end);
        }
    }
}

struct Flow {
    begun: Instant,
    passed: u64,
    limits: Limits,
}

impl Flow {
    async fn pass(&mut self, to: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<End> {
        let left = self.limits.bytes.map(|all| all - self.passed);
        let now = bytes.len().min(as_size(left));
        if let Some(speed) = self.limits.bytes_per_s {
            let due = (self.passed + now as u64) * 1000 / speed.max(1);
            sleep_until(self.begun + Duration::from_millis(due)).await;
        }
        to.write_all(&bytes[..now]).await?;
        self.passed += now as u64;
        match self.limits.bytes {
            Some(all) if self.passed >= all => Ok(End::Limit),
            _ => Ok(End::Whole),
        }
    }
}

/// Reads so many bytes and forgets them.
pub async fn drain(from: &mut (impl AsyncRead + Unpin), mut bytes: u64) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    while bytes > 0 {
        let most = CHUNK.min(as_size(Some(bytes)));
        match from.read(&mut chunk[..most]).await? {
            0 => return Ok(()),
            came => bytes -= came as u64,
        }
    }
    Ok(())
}

fn as_size(bytes: Option<u64>) -> usize {
    bytes.map_or(usize::MAX, |b| usize::try_from(b).unwrap_or(usize::MAX))
}
