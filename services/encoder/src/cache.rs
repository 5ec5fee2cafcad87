//! Sources that this worker has fetched, kept for its next tasks: a source comes over the network once per worker,
//! however many of its tasks run here. A run gets a hard link in its own folder, so that what is evicted stays whole for
//! who uses it. It must never hold more than its bound, and never keeps a second copy of what a store can link.

mod fetching;
mod shelf;

use crate::storage::Retry;
use fetching::Outcome;
use reelmill_domain::spec::Input;
use reelmill_objects::{ObjectError, ObjectStore};
use reelmill_runtime::metrics;
use rustix::fs::statvfs;
use shelf::{Found, Shelf};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// The sources of one worker. Lies in its scratch folder, and goes with it.
pub struct Cache(Arc<Inner>);

struct Inner {
    objects: Arc<dyn ObjectStore>,
    /// For how long a store that fails is tried again.
    retry: Duration,
    folder: PathBuf,
    shelf: Mutex<Shelf>,
    /// The store links its objects: they cost nothing twice, and nothing is kept.
    linked: AtomicBool,
    /// Bytes to leave free on the disk.
    min_free: u64,
}

impl Cache {
    /// An empty cache of `bytes` at most in `folder`, which is made.
    pub fn open(
        objects: Arc<dyn ObjectStore>,
        retry: Duration,
        folder: PathBuf,
        bytes: u64,
        min_free: u64,
    ) -> io::Result<Self> {
        fs::create_dir(&folder)?;
        Ok(Self(Arc::new(Inner {
            objects,
            retry,
            folder,
            shelf: Mutex::new(Shelf::new(bytes)),
            linked: AtomicBool::new(false),
            min_free,
        })))
    }

    /// Makes an object available, read-only, at `to`, which doesn't exist yet. Many may ask at once: one fetch serves
    /// them all, and goes on as long as one of them waits. True for whom the store was asked.
    pub async fn fetch(&self, input: &Input, to: &Path) -> Result<bool, Arc<ObjectError>> {
        let mut was_there = true;
        loop {
            let keeps = self.0.keeps(input);
            let found = {
                let mut shelf = self.0.shelf();
                match shelf.find(input, to) {
                    Found::Absent if keeps => shelf.begin(input),
                    found => found,
                }
            };
            let (mut outcome, begun) = match found {
                Found::Linked => {
                    metrics::source_fetched(was_there);
                    return Ok(!was_there);
                }
                Found::Absent => {
                    metrics::source_fetched(false);
                    self.0.fetch_to(input, to).await?;
                    return Ok(true);
                }
                Found::Coming(outcome) => (outcome, None),
                Found::Begun(begun, outcome) => (outcome, Some(begun)),
            };
            if let Some(begun) = begun {
                was_there = false;
                tokio::spawn(fetching::fetch(self.0.clone(), begun));
            }
            match fetching::wait(&mut outcome).await {
                Outcome::Failed(error) => return Err(error),
                // Linked in the next round; or the one that fetched it is gone, and the next one fetches.
                Outcome::Settled => {}
            }
        }
    }

    /// Keeps a file that was stored under this key and that a later task may want. Moves it away; does nothing when
    /// there is no room, or when the store has taken the file itself.
    pub fn keep(&self, input: &Input, file: &Path) {
        if !self.0.keeps(input) || !file.exists() {
            return;
        }
        let found = self.0.shelf().begin(input);
        let Found::Begun(begun, _) = found else {
            return;
        };
        discard(&begun.evicted);
        let kept = fs::rename(file, self.0.folder.join(&begun.file))
            .and_then(|()| set_read_only(&self.0.folder.join(&begun.file)));
        match kept {
            Ok(()) => self.0.shelf().keep(&begun, &self.0.folder),
            Err(error) => {
                tracing::debug!(key = input.key, %error, "a file is not kept");
                self.0.shelf().forget(&begun);
            }
        }
    }

    /// Lets go of what nobody will want again.
    pub fn forget(&self, input: &Input) {
        let gone = self.0.shelf().remove(input);
        discard(&gone);
    }

    /// Evicts until `free` bytes are free on the disk, or nothing that is idle is left. Returns what is free.
    pub fn make_free(&self, free: u64) -> io::Result<u64> {
        self.0.make_free(free)
    }
}

impl Inner {
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keeps(&self, input: &Input) -> bool {
        !self.linked.load(Ordering::Relaxed) && self.shelf().bound() >= input.bytes.max(1)
    }

    /// Straight from the store, with the size that it must have.
    async fn fetch_to(&self, input: &Input, to: &Path) -> Result<(), ObjectError> {
        if let Err(error) = self.make_free(self.min_free.saturating_add(input.bytes)) {
            tracing::warn!(%error, "the scratch folder's free space can't be told");
        }
        let begun = Instant::now();
        let mut retry = Retry::within(self.retry);
        while let Err(error) = self.fetch_once(input, to).await {
            if !retry.after(&error).await {
                return Err(error);
            }
        }
        metrics::object_in(input.bytes, begun.elapsed());
        Ok(())
    }

    async fn fetch_once(&self, input: &Input, to: &Path) -> Result<(), ObjectError> {
        // What a failed try has left.
        if let Err(error) = fs::remove_file(to)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(local(input, &error));
        }
        self.objects.fetch(&input.key, to).await?;
        let bytes = fs::metadata(to).map_err(|e| local(input, &e))?.len();
        if bytes == input.bytes {
            return Ok(());
        }
        Err(failed(
            input,
            format!("{bytes} bytes came, and it has {}", input.bytes),
        ))
    }

    fn make_free(&self, wanted: u64) -> io::Result<u64> {
        loop {
            let disk = statvfs(&self.folder)?;
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            if free >= wanted {
                return Ok(free);
            }
            let Some(evicted) = self.shelf().evict_one() else {
                return Ok(free);
            };
            discard(&[evicted]);
        }
    }
}

fn local(input: &Input, error: &io::Error) -> ObjectError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ObjectError::Full {
            attempt: "fetching",
            key: input.key.clone(),
        },
        _ => failed(input, error.to_string()),
    }
}

fn failed(input: &Input, cause: String) -> ObjectError {
    ObjectError::Failed {
        attempt: "fetching",
        key: input.key.clone(),
        cause,
    }
}

/// Runs share the file: none may write to it.
fn set_read_only(file: &Path) -> io::Result<()> {
    let mut permissions = fs::metadata(file)?.permissions();
    permissions.set_readonly(true);
    fs::set_permissions(file, permissions)
}

fn discard(files: &[PathBuf]) {
    for file in files {
        if let Err(error) = fs::remove_file(file)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(file = %file.display(), %error, "a source stays in the cache folder until the worker ends");
        }
    }
}

#[cfg(test)]
mod tests;
