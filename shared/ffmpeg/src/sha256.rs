//! SHA-256 of a file. Reads on a blocking thread; never holds more than its buffer.

use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// Bytes read at a time.
const BUFFER: usize = 1 << 20;

/// The file's SHA-256, lower-case hex. Meant to run beside the probe, so that the disk is read once. Dropping the
/// future ends the reading.
///
/// # Errors
/// The file can't be read; `Interrupted` when cancelled.
pub async fn sha256_file(file: &Path, cancel: &CancellationToken) -> io::Result<String> {
    let file = file.to_owned();
    // A token of our own: a blocking thread outlives the future that waits for it.
    let stop = cancel.child_token();
    let _stop_when_dropped = stop.clone().drop_guard();
    tokio::task::spawn_blocking(move || hash(&file, &stop))
        .await
        .map_err(io::Error::other)?
}

fn hash(file: &Path, stop: &CancellationToken) -> io::Result<String> {
    let mut file = File::open(file)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        if stop.is_cancelled() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(got) => hasher.update(&buffer[..got]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let hex = |byte: &u8| format!("{byte:02x}");
    Ok(hasher.finalize().iter().map(hex).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hashes_more_than_a_buffer() {
        let folder = tempfile::tempdir().expect("temp folder");
        let file = folder.path().join("a");
        std::fs::write(&file, vec![b'a'; 1_000_000]).expect("write");
        let million = sha256_file(&file, &CancellationToken::new()).await;
        // The million-a vector of FIPS 180-4.
        assert_eq!(
            million.expect("readable"),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        );
        std::fs::write(&file, vec![0; BUFFER * 2 + 7]).expect("write");
        let zeros = sha256_file(&file, &CancellationToken::new()).await;
        let whole: String = Sha256::digest(vec![0; BUFFER * 2 + 7])
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert_eq!(zeros.expect("readable"), whole);
    }

    #[tokio::test]
    async fn stops_when_cancelled() {
        let cancel = CancellationToken::new();
        cancel.cancel();
        let stopped = sha256_file(Path::new("/dev/zero"), &cancel).await;
        assert_eq!(
            stopped.expect_err("cancelled").kind(),
            io::ErrorKind::Interrupted
        );
    }

    #[tokio::test]
    async fn a_missing_file_is_an_error() {
        let missing = sha256_file(Path::new("/no/such/file"), &CancellationToken::new()).await;
        assert_eq!(
            missing.expect_err("missing").kind(),
            io::ErrorKind::NotFound
        );
    }
}
