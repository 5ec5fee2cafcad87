//! Rows that this version can't read, as after a downgrade: told once, and then stepped over. Their bytes are left alone:
//! a newer version will read them.

use crate::StoreError;
use reelmill_domain::id::JobId;
use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Rows and jobs that are remembered, of each kind; beyond that, rows are told again and jobs tried again.
const MOST: usize = 10_000;

static ROWS: Mutex<BTreeSet<(&'static str, String)>> = Mutex::new(BTreeSet::new());
static JOBS: Mutex<BTreeSet<JobId>> = Mutex::new(BTreeSet::new());

/// A set is whole also when a thread died that held it.
fn locked<T>(set: &Mutex<T>) -> MutexGuard<'_, T> {
    set.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Logs it, unless this process has done so.
pub(crate) fn tell(error: &StoreError) {
    let StoreError::Unreadable { what, id, .. } = error else {
        return;
    };
    let mut rows = locked(&ROWS);
    if rows.len() >= MOST {
        rows.clear();
    }
    if rows.insert((*what, id.clone())) {
        tracing::error!(%error, "a row was left aside");
    }
}

/// The value, or nothing and a line in the log when it can't be read.
pub(crate) fn skip<T>(read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_unreadable() => {
            tell(&error);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// From now on this process releases nothing of this job.
pub(crate) fn remember(job: JobId) {
    let mut jobs = locked(&JOBS);
    if jobs.len() >= MOST {
        jobs.clear();
    }
    jobs.insert(job);
}

/// The jobs of which it releases nothing.
pub(crate) fn remembered() -> BTreeSet<JobId> {
    locked(&JOBS).clone()
}
