//! Listing by prefix in the order of the keys' bytes, reading only the folders that a page needs.

use reelmill_objects::{ObjectMeta, Page};
use std::{fs, io, path::Path};

/// The objects after `after` whose keys start with `prefix`, at most `limit` (at least one is asked for).
pub fn page(root: &Path, prefix: &str, after: &str, limit: usize) -> io::Result<Page> {
    let mut walk = Walk {
        root,
        prefix,
        after,
        limit: limit.max(1),
        page: Page::default(),
    };
    // Only the folder that the prefix lies in can hold anything.
    let start = prefix.rfind('/').map_or("", |slash| &prefix[..=slash]);
    walk.folder(start)?;
    Ok(walk.page)
}

struct Walk<'a> {
    root: &'a Path,
    prefix: &'a str,
    after: &'a str,
    limit: usize,
    page: Page,
}

impl Walk<'_> {
    /// Walks the folder of keys that begin with `base` (empty, or ending in `/`). False: the page is full.
    fn folder(&mut self, base: &str) -> io::Result<bool> {
        for name in self.names(base)? {
            if let Some(folder) = name.strip_suffix('/') {
                if !self.folder(&format!("{base}{folder}/"))? {
                    return Ok(false);
                }
                continue;
            }
            let key = format!("{base}{name}");
            let bytes = match fs::metadata(self.root.join(&key)) {
                Ok(meta) => meta.len(),
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) => return Err(e),
            };
            if self.page.objects.len() == self.limit {
                self.page.next = self.page.objects.last().map(|o| o.key.clone());
                return Ok(false);
            }
            self.page.objects.push(ObjectMeta { key, bytes });
        }
        Ok(true)
    }

    /// The names in a folder that can matter, sorted as their keys sort: a folder counts as `name/`.
    fn names(&self, base: &str) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.root.join(base)) {
            Ok(entries) => entries,
            Err(e)
                if matches!(
                    e.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(Vec::new());
            }
            Err(e) => return Err(e),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            // Our own names are ASCII; what begins with a dot is not an object.
            let Ok(mut name) = entry.file_name().into_string() else {
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            let is_folder = entry.file_type()?.is_dir();
            if is_folder {
                name.push('/');
            }
            if self.can_matter(&format!("{base}{name}"), is_folder) {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn can_matter(&self, key: &str, is_folder: bool) -> bool {
        let in_prefix = key.starts_with(self.prefix) || (is_folder && self.prefix.starts_with(key));
        // A folder that sorts before the cursor still matters when the cursor lies in it.
        let to_come = key > self.after || (is_folder && self.after.starts_with(key));
        in_prefix && to_come
    }
}
