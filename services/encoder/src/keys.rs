//! The keys that a run has written, or begun to write, and their end: what nobody wants goes, also what an upload that
//! was cut off left in the store. What can't be deleted now is found by the sweeper, which lists the job's prefixes.

use crate::storage::Retry;
use reelmill_objects::{ObjectError, ObjectStore};
use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// A store that fails is asked again for so long.
const RETRY: Duration = Duration::from_secs(60);

/// A call that was cut off may still take effect in the store; so long after it is looked at again.
const LATE: Duration = Duration::from_secs(3);

/// The keys of one run.
#[derive(Default)]
pub struct Keys(Mutex<Written>);

#[derive(Default)]
struct Written {
    keys: Vec<String>,
    /// A storing was cut off, or failed.
    cut: bool,
}

impl Keys {
    fn written(&self) -> MutexGuard<'_, Written> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is about to be written.
    pub fn begin(&self, key: &str) {
        let mut written = self.written();
        written.keys.push(key.to_owned());
        written.cut = true;
    }

    /// The last one begun is whole.
    pub fn done(&self) {
        self.written().cut = false;
    }

    /// Deletes them all.
    pub async fn delete(self, objects: &dyn ObjectStore) {
        let Written { keys, cut } = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        delete(&keys, objects).await;
        if cut {
            discard(&keys, objects).await;
            tokio::time::sleep(LATE).await;
            delete(&keys, objects).await;
            discard(&keys, objects).await;
        }
    }
}

async fn delete(keys: &[String], objects: &dyn ObjectStore) {
    for key in keys {
        let mut retry = Retry::within(RETRY);
        while let Err(error) = objects.delete(key).await {
            if !retry.after(&error).await {
                tracing::warn!(key, %error, "a file of an ended run stays for the sweeper");
                break;
            }
        }
    }
}

/// What storings that were cut off have left under the run's own prefixes.
async fn discard(keys: &[String], objects: &dyn ObjectStore) {
    let prefixes: BTreeSet<&str> = keys
        .iter()
        .filter_map(|key| key.rfind('/').map(|end| &key[..=end]))
        .collect();
    for prefix in prefixes {
        let mut retry = Retry::within(RETRY);
        while let Err(error) = discard_below(prefix, objects).await {
            if !retry.after(&error).await {
                tracing::warn!(prefix, %error, "what an ended run left unfinished stays for the sweeper");
                break;
            }
        }
    }
}

async fn discard_below(prefix: &str, objects: &dyn ObjectStore) -> Result<(), ObjectError> {
    for left in objects.unfinished(prefix).await? {
        objects.discard(&left).await?;
    }
    Ok(())
}
