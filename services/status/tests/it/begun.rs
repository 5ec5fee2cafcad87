//! A store that gives URLs, and one that finds things unfinished: a folder with these added.

use async_trait::async_trait;
use bytes::Bytes;
use reelmill_objects::{
    ByteStream, ObjectError, ObjectMeta, ObjectStore, Page, Unfinished, UploadSink,
};
use std::{
    ops::Range,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use url::Url;

/// A store with something begun in it.
pub struct Begun {
    pub inner: Arc<dyn ObjectStore>,
    pub unfinished: Mutex<Vec<Unfinished>>,
}

#[async_trait]
impl ObjectStore for Begun {
    async fn put_file(&self, key: &str, file: &Path) -> Result<ObjectMeta, ObjectError> {
        self.inner.put_file(key, file).await
    }

    async fn put_bytes(&self, key: &str, bytes: Bytes) -> Result<ObjectMeta, ObjectError> {
        self.inner.put_bytes(key, bytes).await
    }

    async fn fetch(&self, key: &str, to: &Path) -> Result<(), ObjectError> {
        self.inner.fetch(key, to).await
    }

    async fn read(&self, key: &str, range: Range<u64>) -> Result<ByteStream, ObjectError> {
        self.inner.read(key, range).await
    }

    async fn head(&self, key: &str) -> Result<ObjectMeta, ObjectError> {
        self.inner.head(key).await
    }

    async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        self.inner.delete(key).await
    }

    async fn list(
        &self,
        prefix: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page, ObjectError> {
        self.inner.list(prefix, cursor, limit).await
    }

    async fn check(&self) -> Result<(), ObjectError> {
        self.inner.check().await
    }

    async fn presign(&self, key: &str, _: Duration) -> Result<Option<Url>, ObjectError> {
        Ok(Some(
            format!("https://store.example:8443/bucket/{key}?sign=a%2Fb")
                .parse()
                .unwrap(),
        ))
    }

    async fn unfinished(&self, prefix: &str) -> Result<Vec<Unfinished>, ObjectError> {
        let all = self.unfinished.lock().unwrap();
        let below = all.iter().filter(|what| what.key.starts_with(prefix));
        Ok(below.cloned().collect())
    }

    async fn discard(&self, what: &Unfinished) -> Result<bool, ObjectError> {
        let mut all = self.unfinished.lock().unwrap();
        let before = all.len();
        all.retain(|one| one != what);
        Ok(all.len() < before)
    }

    fn uploads(&self) -> &dyn UploadSink {
        self.inner.uploads()
    }
}
