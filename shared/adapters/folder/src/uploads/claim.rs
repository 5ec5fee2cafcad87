//! Who may write to an upload's file. Several processes may believe that they hold an upload's lock: one of them stood still,
//! and another took over. So a file is only ever written on behind its end, by who holds it locked and finds it exactly as
//! long as its state says. Anybody else, the rightful one among them, goes on in a copy of what its state names, and the
//! state says which file that is. What counts is never cut, and never written over. Where only one process writes, what
//! another one left behind the end can count for nobody, and is cut off: a copy would take as much time and room as all of it.

use super::place::Place;
use crate::{disk, errors::Attempt};
use reelmill_objects::ObjectError;
use std::{
    fs::{self, File, TryLockError},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};
use uuid::Uuid;

/// A file of an upload, open.
pub enum Claimed {
    /// Nobody else writes to it, and it is as long as `length`; locked until it is closed.
    Alone {
        /// Locked.
        file: File,
        /// Its bytes.
        length: u64,
    },
    /// Somebody else writes to it: only to be read, as far as the state goes.
    Busy(File),
}

/// Opens a file of an upload, of which `bytes` must be there, and cuts off what a dead process left behind them.
pub fn claim(
    attempt: Attempt<'_>,
    place: &Place,
    path: &Path,
    bytes: u64,
) -> Result<Claimed, ObjectError> {
    let file = open(path).map_err(|e| attempt.failed(e))?;
    let claimed = match file.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(e)) => return Err(attempt.because(e)),
    };
    // It may have become its object before it was locked, or have been removed: then it is nobody's to write to.
    let length = named_length(&file, path).map_err(|e| attempt.failed(e))?;
    if length < bytes {
        return Err(attempt.because(format!("only {length} of the {bytes} bytes are there")));
    }
    if !claimed {
        return Ok(Claimed::Busy(file));
    }
    let of_the_dead = place.mine.as_ref().is_some_and(|mine| mine.note(path));
    if length == bytes || !of_the_dead {
        return Ok(Claimed::Alone { file, length });
    }
    tracing::info!(
        key = attempt.key,
        bytes,
        left = length - bytes,
        "cutting off what was stored of this upload and not written down"
    );
    file.set_len(bytes).map_err(|e| attempt.failed(e))?;
    Ok(Claimed::Alone {
        file,
        length: bytes,
    })
}

/// For writing too, unless a crash has left it read-only on its way to be an object.
fn open(path: &Path) -> io::Result<File> {
    match File::options().read(true).write(true).open(path) {
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => File::open(path),
        opened => opened,
    }
}

/// The length of an open file that still has its name.
fn named_length(file: &File, path: &Path) -> io::Result<u64> {
    let (open, named) = (file.metadata()?, fs::metadata(path)?);
    match (open.dev(), open.ino()) == (named.dev(), named.ino()) {
        true => Ok(open.len()),
        false => Err(io::ErrorKind::NotFound.into()),
    }
}

/// A file of the caller's own, locked.
pub struct Fresh {
    /// Locked until it is closed.
    pub file: File,
    /// Its name.
    pub token: Uuid,
    /// Where it is.
    pub path: PathBuf,
}

/// Makes a file that begins with the first `bytes` of `from`. File systems that can (XFS, Btrfs, NFS 4.2) share them
/// instead of copying.
pub fn copy(
    attempt: Attempt<'_>,
    place: &Place,
    from: &File,
    bytes: u64,
) -> Result<Fresh, ObjectError> {
    tracing::info!(
        key = attempt.key,
        bytes,
        "somebody else wrote to this upload's file; going on in a copy"
    );
    let fresh = empty(attempt, place)?;
    let copied = rewound(from)
        .and_then(|from| io::copy(&mut from.take(bytes), &mut &fresh.file))
        .and_then(|copied| match copied == bytes {
            true => Ok(()),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        });
    match copied {
        Ok(()) => Ok(fresh),
        Err(e) => {
            place.drop_file(fresh.token);
            Err(attempt.failed(e))
        }
    }
}

fn rewound(mut file: &File) -> io::Result<&File> {
    io::Seek::rewind(&mut file).map(|()| file)
}

/// Makes an empty file.
pub fn empty(attempt: Attempt<'_>, place: &Place) -> Result<Fresh, ObjectError> {
    let token = Uuid::now_v7();
    let path = place.file(Some(token));
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    let file = disk::create_in_folder(&path, |path| options.open(path))
        .and_then(|file| file.lock().map(|()| file))
        .map_err(|e| attempt.failed(e))?;
    if let Some(mine) = &place.mine {
        mine.note(&path);
    }
    Ok(Fresh { file, token, path })
}
