//! Durable file operations: what returns here survives a power cut. Nothing here knows keys.

use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::Path,
};

/// How often a rename is tried when a neighbour prunes the folder under it.
const PRUNE_RACES: usize = 16;

/// Makes a finished, synced file visible at `to`, read-only, and the name durable. `from` lies in the same file system.
pub fn publish(from: &Path, to: &Path) -> io::Result<()> {
    fs::set_permissions(from, Permissions::from_mode(0o444))?;
    let folder = parent(to)?;
    let mut races = 0;
    loop {
        create_folder(folder)?;
        match fs::rename(from, to) {
            Ok(()) => break,
            Err(e) if e.kind() == io::ErrorKind::NotFound && races < PRUNE_RACES => {
                // The folder was pruned between the two calls, unless it is `from` that is missing.
                fs::symlink_metadata(from)?;
                races += 1;
            }
            Err(e) => return Err(e),
        }
    }
    sync_folder(folder)
}

/// Opens or makes a file for writing, with its folder, racing with neighbours that prune it. Its name is durable then.
pub fn create_in_folder(path: &Path, open: impl Fn(&Path) -> io::Result<File>) -> io::Result<File> {
    let folder = parent(path)?;
    let mut races = 0;
    loop {
        create_folder(folder)?;
        match open(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound && races < PRUNE_RACES => races += 1,
            Err(e) => return Err(e),
            Ok(file) => return sync_folder(folder).map(|()| file),
        }
    }
}

/// Makes a folder and those above it, durable.
fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    match fs::create_dir(folder) {
        Ok(()) => sync_folder(parent(folder)?),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            create_folder(parent(folder)?)?;
            match fs::create_dir(folder) {
                Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                    // Pruned again by a neighbour: the caller's own attempt shows it and tries again.
                    if e.kind() == io::ErrorKind::NotFound {
                        Ok(())
                    } else {
                        Err(e)
                    }
                }
                _ => sync_folder_if_there(parent(folder)?),
            }
        }
        Err(e) => Err(e),
    }
}

/// Makes the names in a folder durable.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn sync_folder_if_there(folder: &Path) -> io::Result<()> {
    match sync_folder(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Removes a file if it is there, and the folders that it leaves empty, up to `root`.
///
/// Not synced: the file system writes its journal in order, so whatever the caller makes durable afterwards
/// (a database row) comes after it.
pub fn remove_and_prune(path: &Path, root: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => {}
        // A folder (the beginning of other keys) is not an object.
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) => {}
        Err(_) if path.is_dir() => return Ok(()),
        Err(e) => return Err(e),
    }
    prune(path, root);
    Ok(())
}

/// Removes the empty folders above `path`, up to `root`.
pub fn prune(path: &Path, root: &Path) {
    for folder in path.ancestors().skip(1) {
        // The first that is not empty, or gone already, ends it; leaving an empty folder harms nothing.
        if folder == root || fs::remove_dir(folder).is_err() {
            return;
        }
    }
}

/// Makes `to` another name of `from`, or a copy where that is not possible. `to` must not exist.
pub fn link_or_copy(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::CrossesDevices
                    | io::ErrorKind::TooManyLinks
                    | io::ErrorKind::PermissionDenied
                    | io::ErrorKind::Unsupported
            ) =>
        {
            // The copy takes the permissions with it: read-only.
            let copied = fs::copy(from, to).map(|_| ());
            if copied.is_err() {
                remove_part(to);
            }
            copied
        }
        done => done,
    }
}

/// Removes a file that was not finished, as far as possible; the error that led here is the one to tell.
pub fn remove_part(path: &Path) {
    if let Err(e) = fs::remove_file(path)
        && e.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), error = %e, "an unfinished file stays behind");
    }
}

fn parent(path: &Path) -> io::Result<&Path> {
    path.parent()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a path without a folder"))
}
