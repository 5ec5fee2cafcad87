//! One fetch that many may wait for. It goes on as long as one of them does, and its failure is the failure of all who
//! waited; who comes later tries again.

use super::{Inner, discard, set_read_only, shelf::Begun};
use reelmill_objects::ObjectError;
use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{Arc, atomic::Ordering},
};
use tokio::sync::watch;

/// What a fetch came to.
#[derive(Clone)]
pub enum Outcome {
    /// Look again.
    Settled,
    /// It failed.
    Failed(Arc<ObjectError>),
}

/// Waits for it. A fetch that broke off counts as settled: who looks again begins anew.
pub async fn wait(outcome: &mut watch::Receiver<Option<Outcome>>) -> Outcome {
    match outcome.wait_for(Option::is_some).await {
        Ok(outcome) => outcome.clone().unwrap_or(Outcome::Settled),
        Err(_) => Outcome::Settled,
    }
}

/// Room that was taken; given back unless the source came, also when the fetch panics.
struct Fetching {
    cache: Arc<Inner>,
    begun: Begun,
    kept: bool,
}

impl Drop for Fetching {
    fn drop(&mut self) {
        if !self.kept {
            discard(&[self.cache.folder.join(&self.begun.file)]);
            self.cache.shelf().forget(&self.begun);
        }
    }
}

/// Fetches, and tells who waits.
pub async fn fetch(cache: Arc<Inner>, begun: Box<Begun>) {
    let mut fetching = Fetching {
        cache: cache.clone(),
        begun: *begun,
        kept: false,
    };
    discard(&fetching.begun.evicted);
    let file = cache.folder.join(&fetching.begun.file);
    let fetched = {
        let fetch = cache.fetch_to(&fetching.begun.input, &file);
        tokio::pin!(fetch);
        loop {
            tokio::select! {
                fetched = &mut fetch => break fetched,
                () = fetching.begun.outcome.closed() => {
                    if cache.shelf().forget_if_unwanted(&fetching.begun) {
                        return;
                    }
                }
            }
        }
    };
    let outcome = match fetched {
        Ok(()) if is_link_of_the_store(&file) => {
            cache.linked.store(true, Ordering::Relaxed);
            Outcome::Settled
        }
        Ok(()) => {
            if let Err(error) = set_read_only(&file) {
                tracing::debug!(%error, "a kept source stays writable");
            }
            cache.shelf().keep(&fetching.begun, &cache.folder);
            fetching.kept = true;
            Outcome::Settled
        }
        Err(error) => Outcome::Failed(Arc::new(error)),
    };
    let tell = fetching.begun.outcome.clone();
    // First what is kept is settled, then who waits looks again.
    drop(fetching);
    tell.send_replace(Some(outcome));
}

fn is_link_of_the_store(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|meta| meta.nlink() > 1)
}
