//! An object as a file: ranges side by side into a file without a name beside the place where it goes, which gets its name
//! when it is whole.

use crate::{
    bucket::Bucket,
    read::{self, Source},
};
use futures::{StreamExt, TryStreamExt, stream};
use reelmill_objects::ObjectError;
use std::{
    fs::{File, Permissions},
    io,
    ops::Range,
    os::unix::fs::{FileExt, PermissionsExt},
    path::Path,
    sync::Arc,
};
use tempfile::NamedTempFile;

/// What one request asks for.
const RANGE: u64 = 16 * 1024 * 1024;
/// What is written at once.
const WRITE: usize = 1024 * 1024;
/// What one request may take of the budget: what is being written, and what comes meanwhile.
const MEMORY: u64 = 2 * WRITE as u64;

/// Brings an object to `to`, which does not exist yet.
pub async fn fetch(bucket: &Bucket, key: &str, to: &Path) -> Result<(), ObjectError> {
    let attempt = bucket.place.attempt("fetching", key);
    let head = read::head(bucket, key).await?;
    let folder = to.parent().unwrap_or(Path::new("."));
    let part = NamedTempFile::new_in(folder).map_err(|e| attempt.because(e))?;
    let file = Arc::new(part.reopen().map_err(|e| attempt.because(e))?);
    let source = Source::object(bucket, key, head.etag);
    stream::iter(ranges(head.bytes))
        .map(|range| piece(bucket, key, source.clone(), file.clone(), range))
        .buffer_unordered(bucket.parallel)
        .try_collect::<()>()
        .await?;
    part.as_file()
        .set_permissions(Permissions::from_mode(0o444))
        .and_then(|()| part.persist_noclobber(to).map_err(|e| e.error))
        .map(drop)
        .map_err(|e| attempt.because(e))
}

fn ranges(bytes: u64) -> impl Iterator<Item = Range<u64>> {
    (0..bytes.div_ceil(RANGE)).map(move |n| n * RANGE..((n + 1) * RANGE).min(bytes))
}

async fn piece(
    bucket: &Bucket,
    key: &str,
    source: Source,
    file: Arc<File>,
    range: Range<u64>,
) -> Result<(), ObjectError> {
    let attempt = bucket.place.attempt("fetching", key);
    // In this order: parts of uploads have their room when they wait for their turn, too.
    let _room = bucket.budget.memory(MEMORY).await;
    let _turn = bucket.budget.request().await;
    let mut at = range.start;
    let mut bytes = source.stream(range).await?;
    let mut held = Vec::with_capacity(WRITE);
    loop {
        let more = bytes.try_next().await.map_err(|e| attempt.because(e))?;
        held.extend_from_slice(more.as_deref().unwrap_or_default());
        if held.len() >= WRITE || more.is_none() {
            let (now, to, write) = (held.len() as u64, file.clone(), held);
            let written = tokio::task::spawn_blocking(move || -> io::Result<Vec<u8>> {
                to.write_all_at(&write, at)?;
                Ok(write)
            });
            held = written
                .await
                .map_err(|e| attempt.because(e))?
                .map_err(|e| attempt.because(e))?;
            held.clear();
            at += now;
        }
        if more.is_none() {
            return Ok(());
        }
    }
}
