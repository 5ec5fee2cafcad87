//! Files of uploads that were begun and not ended: those of uploads that nobody goes on with, and copies that a writer
//! without a lock has made. Whose they are only the caller can know.

use crate::{
    disk,
    uploads::place::{is_missing, split},
};
use reelmill_objects::{Unfinished, check_key};
use std::{
    fs::{self, File},
    io,
    path::Path,
};

/// The most that is returned.
const MOST: usize = 10_000;

/// What lies below `all` for keys that start with `prefix`.
pub fn below(all: &Path, prefix: &str) -> io::Result<Vec<Unfinished>> {
    let mut found = Vec::new();
    let start = prefix.rfind('/').map_or("", |slash| &prefix[..slash]);
    walk(all, &all.join(start), prefix, &mut found)?;
    Ok(found)
}

fn walk(all: &Path, folder: &Path, prefix: &str, found: &mut Vec<Unfinished>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        // Pruned, or nothing was ever uploaded.
        Err(e) if is_missing(&e) => return Ok(()),
        Err(e) => return Err(e),
    };
    for entry in entries {
        let path = entry?.path();
        let meta = match fs::symlink_metadata(&path) {
            Ok(meta) => meta,
            Err(e) if is_missing(&e) => continue,
            Err(e) => return Err(e),
        };
        if meta.is_dir() {
            walk(all, &path, prefix, found)?;
            continue;
        }
        let (plain, token) = split(&path);
        let key = plain.strip_prefix(all).ok().and_then(Path::to_str);
        let Some(key) = key.filter(|key| key.starts_with(prefix) && check_key(key).is_ok()) else {
            continue;
        };
        if found.len() == MOST {
            return Ok(());
        }
        // A file from the future is as good as one of now.
        let age = meta.modified()?.elapsed().unwrap_or_default();
        found.push(Unfinished {
            key: key.to_owned(),
            id: token.map_or_else(String::new, |token| token.to_string()),
            age_s: age.as_secs(),
        });
    }
    Ok(())
}

/// Removes one of them, unless somebody writes to it now; whether it went.
pub fn discard(all: &Path, what: &Unfinished) -> io::Result<bool> {
    let token = match what.id.as_str() {
        "" => None,
        id => match uuid::Uuid::try_parse(id) {
            Ok(token) => Some(token),
            Err(_) => return Ok(false),
        },
    };
    let name = token.map_or_else(|| what.key.clone(), |token| format!("{}.{token}", what.key));
    let path = all.join(name);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(e) if is_missing(&e) => return Ok(false),
        Err(e) => return Err(e),
    };
    if path.is_dir() || file.try_lock_shared().is_err() {
        return Ok(false);
    }
    match fs::remove_file(&path) {
        Err(e) if is_missing(&e) => return Ok(false),
        removed => removed?,
    }
    disk::prune(&path, all);
    Ok(true)
}
