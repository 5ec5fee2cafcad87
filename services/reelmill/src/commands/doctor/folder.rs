//! The data folder: can it be written, is it ours, is there room. Takes its lock for a moment, no more.

use super::{finding::Finding, network::Listens};
use crate::show::amounts;
use reelmill_runtime::{
    config::Config,
    lock::{DataLock, LockError},
};
use std::{fs, io, path::Path};

/// Below this, encodes will soon fail.
const LOW: u64 = 2 << 30;
/// Below this, nothing can be taken in.
const NONE: u64 = 64 << 20;

/// Looks at the data folder.
pub fn examine(config: &Config, listens: &Listens) -> Vec<Finding> {
    let dir = &config.data.dir;
    let was_there = dir.exists();
    let mut findings = vec![match writable(dir) {
        Ok(()) => owner(dir, listens),
        Err(e) => Finding::fault(
            "data folder",
            format!("{} can't be written ({e})", dir.display()),
            "make it writable, or choose another with --data or data.dir",
        ),
    }];
    findings.extend(room(dir));
    if !was_there {
        tidy(dir);
    }
    findings
}

/// Writes a file and takes it away.
fn writable(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let probe = dir.join(format!(".doctor-{}", std::process::id()));
    let written = fs::write(&probe, b"can this be written?");
    let removed = fs::remove_file(&probe);
    written.and(removed)
}

fn owner(dir: &Path, listens: &Listens) -> Finding {
    match DataLock::take(dir) {
        Ok(_free) => Finding::good("data folder", format!("{} can be written", dir.display())),
        Err(LockError::InUse { .. }) if *listens == Listens::Reelmill => Finding::good(
            "data folder",
            format!("{} is in use by the server that runs here", dir.display()),
        ),
        Err(e) => Finding::fault(
            "data folder",
            e.to_string(),
            "stop that process, or choose another folder with --data or data.dir",
        ),
    }
}

fn room(dir: &Path) -> Option<Finding> {
    let there = dir.ancestors().find(|d| d.exists())?;
    let stat = rustix::fs::statvfs(there).ok()?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let words = format!("{} free at {}", amounts::bytes(free), there.display());
    Some(if free < NONE {
        Finding::fault(
            "free space",
            words,
            "make room, or choose another folder with --data or data.dir",
        )
    } else if free < LOW {
        Finding::note(
            "free space",
            words,
            "large films will not fit; make room, or choose another folder",
        )
    } else {
        Finding::good("free space", words)
    })
}

/// Looking must leave nothing: removes the folder that it made, as far as it is empty but for the lock.
fn tidy(dir: &Path) {
    let removed = fs::remove_file(dir.join(reelmill_runtime::lock::LOCK_FILE))
        .and_then(|()| fs::remove_dir(dir));
    if let Err(e) = removed {
        tracing::debug!(dir = %dir.display(), error = %e, "the folder stays");
    }
}
