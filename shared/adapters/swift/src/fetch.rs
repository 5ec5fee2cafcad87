//! An object as a file: ranges of it in parallel, each to its place in a file beside the goal, which is renamed when whole.

use crate::{core::Core, errors::Attempt, piece::blocking, read};
use futures::{StreamExt, TryStreamExt, stream};
use reelmill_objects::ObjectError;
use std::{
    fs::{self, File},
    ops::Range,
    os::unix::fs::{FileExt, PermissionsExt},
    path::Path,
    sync::Arc,
};

/// One range of a parallel fetch.
const RANGE: u64 = 16 * 1024 * 1024;

/// Fetches the object to `to`, which doesn't exist yet.
pub async fn to_file(core: &Arc<Core>, attempt: Attempt<'_>, to: &Path) -> Result<(), ObjectError> {
    let name = core.names.object(attempt)?;
    let head = core.head(attempt, &name).await?;
    let head = head.ok_or_else(|| attempt.not_found())?;
    let because = |e: std::io::Error| attempt.because(format!("{}: {e}", to.display()));
    let folder = to.parent().unwrap_or(Path::new(".")).to_owned();
    let made = blocking(move || {
        let beside = tempfile::Builder::new()
            .prefix(".fetch-")
            .tempfile_in(folder)?;
        beside.as_file().set_len(head.bytes)?;
        Ok(beside)
    });
    let beside = made.await.map_err(because)?;
    let file = Arc::new(beside.reopen().map_err(because)?);
    let ranges =
        (0..head.bytes.div_ceil(RANGE)).map(|n| n * RANGE..head.bytes.min((n + 1) * RANGE));
    stream::iter(ranges.map(|range| fetch(core, attempt, &name, &head.etag, &file, range)))
        .buffer_unordered(core.config.parallel.max(1))
        .try_collect::<()>()
        .await?;
    let goal = to.to_owned();
    blocking(move || {
        beside
            .as_file()
            .set_permissions(fs::Permissions::from_mode(0o444))?;
        beside.persist_noclobber(goal)?;
        Ok(())
    })
    .await
    .map_err(because)
}

async fn fetch(
    core: &Arc<Core>,
    attempt: Attempt<'_>,
    name: &str,
    version: &str,
    file: &Arc<File>,
    range: Range<u64>,
) -> Result<(), ObjectError> {
    let mut at = range.start;
    let mut data = read::open(core.clone(), attempt, name, range, Some(version.to_owned())).await?;
    while let Some(chunk) = data.next().await {
        let chunk = chunk.map_err(|e| attempt.because(e))?;
        let (file, from) = (file.clone(), at);
        at += chunk.len() as u64;
        blocking(move || file.write_all_at(&chunk, from))
            .await
            .map_err(|e| attempt.because(e))?;
    }
    Ok(())
}
