//! The folder store passes the suite of its port.

use reelmill_folder::FolderStore;
use reelmill_objects::ObjectStore;
use std::sync::Arc;
use tempfile::TempDir;

async fn fresh() -> (Arc<dyn ObjectStore>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (FolderStore::open(folder.path()).unwrap(), folder)
}

reelmill_objects::objects_suite!(fresh);
