//! The store itself: every call of the port, and what it leads to.

use crate::{
    check, complete::Complete, config::SwiftConfig, core::Core, errors::Attempt, fetch, http::Http,
    info::ClusterInfo, names::Names, piece::Budget, put::described, read, tempurl::SigningKey,
    uploads::Uploads,
};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};
use reelmill_objects::{
    ByteStream, ObjectError, ObjectMeta, ObjectStore, Page, Unfinished, UploadSink,
};
use std::{ops::Range, path::Path, sync::Arc, time::Duration};
use url::Url;

/// A container of OpenStack Swift as object store.
pub struct SwiftStore {
    core: Arc<Core>,
    signing: SigningKey,
    uploads: Uploads,
}

impl SwiftStore {
    /// Opens the store. Nothing is connected yet: Swift may be away when a service starts.
    pub fn open(config: SwiftConfig) -> Result<Arc<Self>, ObjectError> {
        let attempt = Attempt {
            what: "opening the Swift container",
            key: &config.container,
        };
        if config.container.is_empty()
            || config.container.contains('/')
            || config.container.len() > 256
        {
            return Err(attempt.because("its name is empty, longer than 256 bytes, or has a slash"));
        }
        let core = Arc::new(Core {
            http: Http::new(&config).map_err(|e| attempt.unreachable(e))?,
            names: Names::new(&config.prefix)?,
            cluster: ClusterInfo::default(),
            complete: Complete::default(),
            budget: Budget::new(config.memory_bytes, config.spool.clone()),
            config,
        });
        Ok(Arc::new(Self {
            uploads: Uploads::new(core.clone()),
            signing: SigningKey::default(),
            core,
        }))
    }
}

#[async_trait]
impl ObjectStore for SwiftStore {
    async fn put_file(&self, key: &str, file: &Path) -> Result<ObjectMeta, ObjectError> {
        self.core.put_file(storing(key), file).await
    }

    async fn put_bytes(&self, key: &str, bytes: Bytes) -> Result<ObjectMeta, ObjectError> {
        self.core.put_bytes(storing(key), bytes, None).await
    }

    async fn fetch(&self, key: &str, to: &Path) -> Result<(), ObjectError> {
        let what = "fetching";
        fetch::to_file(&self.core, Attempt { what, key }, to).await
    }

    async fn read(&self, key: &str, range: Range<u64>) -> Result<ByteStream, ObjectError> {
        let what = "reading";
        let attempt = Attempt { what, key };
        let name = self.core.names.object(attempt)?;
        if range.start >= range.end {
            let head = self.core.head(attempt, &name).await?;
            let head = head.ok_or_else(|| attempt.not_found())?;
            return match range.start == range.end && range.end <= head.bytes {
                true => Ok(stream::empty().boxed()),
                false => Err(attempt.because(format!(
                    "the range {}..{} is outside its {} bytes",
                    range.start, range.end, head.bytes
                ))),
            };
        }
        read::open(self.core.clone(), attempt, &name, range, None).await
    }

    async fn head(&self, key: &str) -> Result<ObjectMeta, ObjectError> {
        let what = "looking up";
        let attempt = Attempt { what, key };
        let name = self.core.names.object(attempt)?;
        let head = self.core.head(attempt, &name).await?;
        let head = head.ok_or_else(|| attempt.not_found())?;
        Ok(described(attempt, head.bytes))
    }

    async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        let what = "deleting";
        self.core.delete(Attempt { what, key }).await
    }

    async fn list(
        &self,
        prefix: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page, ObjectError> {
        let attempt = Attempt {
            what: "listing",
            key: prefix,
        };
        self.core.list_objects(attempt, prefix, cursor, limit).await
    }

    /// Writes a small object, reads it, and removes it again. A container that isn't there is made.
    async fn check(&self) -> Result<(), ObjectError> {
        check::check(&self.core).await
    }

    async fn presign(&self, key: &str, ttl: Duration) -> Result<Option<Url>, ObjectError> {
        let what = "signing a URL of";
        let attempt = Attempt { what, key };
        self.signing.presign(&self.core, attempt, ttl).await
    }

    async fn unfinished(&self, prefix: &str) -> Result<Vec<Unfinished>, ObjectError> {
        let attempt = Attempt {
            what: "listing unfinished uploads of",
            key: prefix,
        };
        self.core.unfinished(attempt, prefix).await
    }

    async fn discard(&self, what: &Unfinished) -> Result<bool, ObjectError> {
        let attempt = Attempt {
            what: "discarding an unfinished upload of",
            key: &what.key,
        };
        self.core.discard(attempt, what).await
    }

    fn uploads(&self) -> &dyn UploadSink {
        &self.uploads
    }
}

fn storing(key: &str) -> Attempt<'_> {
    Attempt {
        what: "storing",
        key,
    }
}
