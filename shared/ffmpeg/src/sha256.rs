//! SHA-256 of a file.
use std::{io, path::Path};
use tokio_util::sync::CancellationToken;

/// The file's SHA-256, lower-case hex. Meant to run beside the probe, so that the disk is read once.
///
/// # Errors
/// The file can't be read; `Interrupted` when cancelled.
pub async fn sha256_file(_file: &Path, _cancel: &CancellationToken) -> io::Result<String> {
    todo!()
}
