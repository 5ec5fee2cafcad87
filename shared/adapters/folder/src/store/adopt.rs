//! Taking in a file that stays its owner's: for encoding on the machine where the film lies, without copying it.

use super::{FolderStore, described, object_size};
use crate::{disk, errors::blocking, tmp::Unfinished};
use reelmill_objects::{ObjectError, ObjectMeta};
use std::{
    fs::{self, File},
    io,
    path::Path,
};

impl FolderStore {
    /// Makes `file` an object as well: by another link, with neither owner nor permissions changed, or by a copy where
    /// that isn't possible. Unlike with `put_file`, the file stays; its owner must not write to it meanwhile.
    pub async fn adopt(&self, key: &str, file: &Path) -> Result<ObjectMeta, ObjectError> {
        let (to, from, tmp) = (self.path(key)?, file.to_owned(), self.tmp.clone());
        blocking("taking in", key, move |attempt| {
            let bytes = object_size(&from).map_err(|e| attempt.because(e))?;
            let linked = disk::create_in_folder(&to, |to| {
                fs::hard_link(&from, to)?;
                File::open(to)
            });
            match linked {
                Ok(_) => Ok(()),
                Err(e) if cannot_link(&e) => {
                    let copy = Unfinished::new(tmp.new_path());
                    fs::copy(&from, copy.path())
                        .and_then(|_| File::open(copy.path())?.sync_all())
                        .and_then(|()| disk::publish(copy.path(), &to))
                }
                Err(e) => Err(e),
            }
            .map_err(|e| attempt.failed(e))?;
            Ok(described(attempt.key, bytes))
        })
        .await
    }
}

/// Another file system, one without links, or a file of somebody else's.
fn cannot_link(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::CrossesDevices
            | io::ErrorKind::TooManyLinks
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::Unsupported
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests speak by panicking")]
mod tests {
    use super::*;
    use reelmill_objects::ObjectStore;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    #[tokio::test]
    async fn an_adopted_file_is_neither_copied_nor_changed() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("film.mp4");
        fs::write(&file, b"film").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let store = FolderStore::open(&dir.path().join("objects")).unwrap();
        assert_eq!(store.adopt("sources/1", &file).await.unwrap().bytes, 4);
        let linked = fs::metadata(dir.path().join("objects/sources/1")).unwrap();
        assert_eq!(linked.ino(), fs::metadata(&file).unwrap().ino());
        assert!(store.adopt("sources/1", &file).await.is_err());
        store.delete("sources/1").await.unwrap();
        let left = fs::metadata(&file).unwrap();
        assert_eq!((left.mode() & 0o777, left.nlink()), (0o640, 1));
    }

    #[tokio::test]
    async fn across_file_systems_it_is_copied() {
        let dir = tempfile::tempdir().unwrap();
        let Ok(elsewhere) = tempfile::tempdir_in("/dev/shm") else {
            panic!("this test needs /dev/shm as a second file system");
        };
        let file = elsewhere.path().join("film.mp4");
        fs::write(&file, b"film").unwrap();
        let store = FolderStore::open(&dir.path().join("objects")).unwrap();
        assert_eq!(store.adopt("sources/1", &file).await.unwrap().bytes, 4);
        assert_eq!(
            fs::read(dir.path().join("objects/sources/1")).unwrap(),
            b"film"
        );
        assert!(file.exists());
    }
}
