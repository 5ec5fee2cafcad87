//! The store itself: each promise of the port, handed to the file that keeps it.

use crate::{
    S3Config, bucket::Bucket, check, fetch, list, put, read, unfinished, uploads::Uploads,
};
use async_trait::async_trait;
use aws_sdk_s3::presigning::PresigningConfig;
use bytes::Bytes;
use reelmill_objects::{
    ByteStream, ObjectError, ObjectMeta, ObjectStore, Page, Unfinished, UploadSink, check_key,
    check_prefix,
};
use std::{ops::Range, path::Path, sync::Arc, time::Duration};
use url::Url;

/// S3, or what speaks like it, as object store.
pub struct S3Store {
    bucket: Arc<Bucket>,
    uploads: Uploads,
}

impl S3Store {
    /// Opens the store. Nothing is asked of it yet: [`ObjectStore::check`] does.
    ///
    /// # Errors
    /// A key without its secret, or the other way round; a spool folder that can't be made.
    pub async fn open(config: S3Config) -> Result<Arc<Self>, ObjectError> {
        if config.access_key.is_some() != config.secret_key.is_some() {
            return Err(ObjectError::Failed {
                attempt: "opening bucket",
                key: config.bucket,
                cause: "storage.access_key and storage.secret_key go together: set both or neither"
                    .to_owned(),
            });
        }
        let bucket = Arc::new(Bucket::open(config).await);
        tokio::fs::create_dir_all(&bucket.spool)
            .await
            .map_err(|e| {
                let shown = bucket.spool.display().to_string();
                bucket
                    .place
                    .attempt("making the spool folder", &shown)
                    .because(e)
            })?;
        Ok(Arc::new(Self {
            uploads: Uploads::of(bucket.clone()),
            bucket,
        }))
    }
}

#[async_trait]
impl ObjectStore for S3Store {
    async fn put_file(&self, key: &str, file: &Path) -> Result<ObjectMeta, ObjectError> {
        check_key(key)?;
        put::file(&self.bucket, key, file).await
    }

    async fn put_bytes(&self, key: &str, bytes: Bytes) -> Result<ObjectMeta, ObjectError> {
        check_key(key)?;
        put::bytes(&self.bucket, key, bytes).await
    }

    async fn fetch(&self, key: &str, to: &Path) -> Result<(), ObjectError> {
        check_key(key)?;
        fetch::fetch(&self.bucket, key, to).await
    }

    async fn read(&self, key: &str, range: Range<u64>) -> Result<ByteStream, ObjectError> {
        check_key(key)?;
        read::read(&self.bucket, key, range).await
    }

    async fn head(&self, key: &str) -> Result<ObjectMeta, ObjectError> {
        check_key(key)?;
        let head = read::head(&self.bucket, key).await?;
        Ok(ObjectMeta {
            key: key.to_owned(),
            bytes: head.bytes,
        })
    }

    async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        check_key(key)?;
        put::delete(&self.bucket, key, &self.bucket.names.object(key)).await
    }

    async fn list(
        &self,
        prefix: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page, ObjectError> {
        check_prefix(prefix)?;
        list::page(&self.bucket, prefix, cursor, limit).await
    }

    async fn check(&self) -> Result<(), ObjectError> {
        check::check(&self.bucket).await
    }

    async fn presign(&self, key: &str, ttl: Duration) -> Result<Option<Url>, ObjectError> {
        check_key(key)?;
        let attempt = self.bucket.place.attempt("making a URL for", key);
        let how = PresigningConfig::expires_in(ttl).map_err(|e| attempt.because(e))?;
        let made = self
            .bucket
            .public
            .get_object()
            .bucket(&self.bucket.name)
            .key(self.bucket.names.object(key))
            .presigned(how)
            .await
            .map_err(|e| attempt.failed(e))?;
        let url = Url::parse(made.uri()).map_err(|e| attempt.because(e))?;
        Ok(Some(url))
    }

    async fn unfinished(&self, prefix: &str) -> Result<Vec<Unfinished>, ObjectError> {
        check_prefix(prefix)?;
        unfinished::unfinished(&self.bucket, prefix).await
    }

    async fn discard(&self, what: &Unfinished) -> Result<bool, ObjectError> {
        check_key(&what.key)?;
        unfinished::discard(&self.bucket, what).await
    }

    fn uploads(&self) -> &dyn UploadSink {
        &self.uploads
    }
}
