//! A store behind a door: one that is slow to answer, fails for a while, has no room, or is reached over a network.

use async_trait::async_trait;
use bytes::Bytes;
use reelmill_folder::FolderStore;
use reelmill_objects::{
    ByteStream, ObjectError, ObjectMeta, ObjectStore, Page, Unfinished, UploadSink,
};
use std::{
    fs,
    ops::Range,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};
use tokio::sync::Semaphore;

/// Each knob is turned by the test.
pub struct Door {
    pub store: Arc<FolderStore>,
    /// One permit lets one storing return.
    pub answers: Semaphore,
    pub full: AtomicBool,
    /// Every call is refused.
    pub away: AtomicBool,
    /// So many fetches find no object, as at a replica that lags.
    pub missing: AtomicUsize,
    /// It lets nobody in, as a store with a wrong key.
    pub denied: AtomicBool,
    /// It denies every fetch, and nothing else.
    pub denies_fetches: AtomicBool,
    /// Its bucket is gone, which it says with a bare 404.
    pub gone: AtomicBool,
    /// Calls that were refused.
    pub refused: AtomicUsize,
    /// Objects that were fetched, as copies.
    pub fetches: AtomicUsize,
    /// What was begun and not ended.
    pub unfinished: Mutex<Vec<Unfinished>>,
}

impl Door {
    pub fn new(store: Arc<FolderStore>) -> Arc<Self> {
        Arc::new(Self {
            store,
            answers: Semaphore::new(0),
            full: AtomicBool::new(false),
            away: AtomicBool::new(false),
            missing: AtomicUsize::new(0),
            denied: AtomicBool::new(false),
            denies_fetches: AtomicBool::new(false),
            gone: AtomicBool::new(false),
            refused: AtomicUsize::new(0),
            fetches: AtomicUsize::new(0),
            unfinished: Mutex::default(),
        })
    }

    fn open(&self, attempt: &'static str, key: &str) -> Result<(), ObjectError> {
        if self.denied.load(Ordering::SeqCst) {
            return Err(self.deny(attempt, key));
        }
        if self.gone.load(Ordering::SeqCst) {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Err(ObjectError::NotFound { key: key.into() });
        }
        if !self.away.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.refused.fetch_add(1, Ordering::SeqCst);
        Err(ObjectError::Failed {
            attempt,
            key: key.into(),
            cause: "503".into(),
        })
    }

    fn deny(&self, attempt: &'static str, key: &str) -> ObjectError {
        self.refused.fetch_add(1, Ordering::SeqCst);
        ObjectError::Misconfigured {
            attempt,
            key: key.into(),
            cause: "http://10.0.0.7 denies the key".into(),
        }
    }
}

#[async_trait]
impl ObjectStore for Door {
    async fn put_file(&self, key: &str, file: &Path) -> Result<ObjectMeta, ObjectError> {
        if self.full.load(Ordering::SeqCst) {
            return Err(ObjectError::Full {
                attempt: "storing",
                key: key.into(),
            });
        }
        self.open("storing", key)?;
        let copy = file.with_extension("copy");
        fs::copy(file, &copy).unwrap();
        let stored = self.store.put_file(key, &copy).await;
        self.unfinished.lock().unwrap().push(Unfinished {
            key: key.into(),
            id: key.into(),
            age_s: 0,
        });
        self.answers.acquire().await.unwrap().forget();
        self.unfinished.lock().unwrap().retain(|u| u.key != key);
        stored
    }
    async fn put_bytes(&self, key: &str, bytes: Bytes) -> Result<ObjectMeta, ObjectError> {
        self.store.put_bytes(key, bytes).await
    }
    async fn fetch(&self, key: &str, to: &Path) -> Result<(), ObjectError> {
        self.open("fetching", key)?;
        if self.denies_fetches.load(Ordering::SeqCst) {
            return Err(self.deny("fetching", key));
        }
        let missing = &self.missing;
        if missing
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
            .is_ok()
        {
            return Err(ObjectError::NotFound { key: key.into() });
        }
        let link = to.with_extension("link");
        self.store.fetch(key, &link).await?;
        fs::copy(&link, to).unwrap();
        fs::remove_file(link).unwrap();
        self.fetches.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
    async fn read(&self, key: &str, range: Range<u64>) -> Result<ByteStream, ObjectError> {
        self.store.read(key, range).await
    }
    async fn head(&self, key: &str) -> Result<ObjectMeta, ObjectError> {
        self.store.head(key).await
    }
    async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        self.open("deleting", key)?;
        self.store.delete(key).await
    }
    async fn list(
        &self,
        prefix: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page, ObjectError> {
        self.store.list(prefix, cursor, limit).await
    }
    async fn check(&self) -> Result<(), ObjectError> {
        self.open("writing to", "")?;
        self.store.check().await
    }
    async fn unfinished(&self, prefix: &str) -> Result<Vec<Unfinished>, ObjectError> {
        self.open("listing", prefix)?;
        let mut all = self.unfinished.lock().unwrap().clone();
        all.retain(|u| u.key.starts_with(prefix));
        Ok(all)
    }
    async fn discard(&self, what: &Unfinished) -> Result<bool, ObjectError> {
        self.open("discarding", &what.key)?;
        let mut all = self.unfinished.lock().unwrap();
        let before = all.len();
        all.retain(|u| u != what);
        Ok(all.len() < before)
    }
    fn uploads(&self) -> &dyn UploadSink {
        self.store.uploads()
    }
}
