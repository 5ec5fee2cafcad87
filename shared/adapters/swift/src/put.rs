//! Objects in, by one call: one PUT, or for a long file segments in parallel and their manifest.

use crate::{
    core::Core,
    errors::Attempt,
    names::fresh_id,
    piece::{blocking, file_body, file_md5, md5_hex},
    segments::{Group, Segment},
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use reelmill_objects::{ObjectError, ObjectMeta};
use reqwest::{
    Body, Method,
    header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG},
};
use std::{fs::File, path::Path, sync::Arc};

/// A long file is cut into at most so many segments, fewer than any cluster's limit.
const MOST_SEGMENTS: u64 = 900;

impl Core {
    /// Stores bytes as the object of this key, made of this group if that is said.
    pub async fn put_bytes(
        &self,
        attempt: Attempt<'_>,
        bytes: Bytes,
        group: Option<&str>,
    ) -> Result<ObjectMeta, ObjectError> {
        let (length, etag) = (bytes.len() as u64, md5_hex(&bytes));
        self.put_whole(attempt, length, &etag, group, || Body::from(bytes.clone()))
            .await
    }

    /// Stores a file.
    pub async fn put_file(
        &self,
        attempt: Attempt<'_>,
        path: &Path,
    ) -> Result<ObjectMeta, ObjectError> {
        self.names.object(attempt)?;
        let because = |e: std::io::Error| attempt.because(format!("{}: {e}", path.display()));
        let opened = path.to_owned();
        let (file, bytes) = blocking(move || {
            let file = File::open(opened)?;
            let bytes = file.metadata()?.len();
            Ok((Arc::new(file), bytes))
        })
        .await
        .map_err(because)?;
        if bytes > self.config.segment_bytes {
            return self.put_long(attempt, file, bytes).await;
        }
        let etag = file_md5(file.clone(), 0, bytes).await.map_err(because)?;
        self.put_whole(attempt, bytes, &etag, None, || {
            file_body(file.clone(), 0, bytes)
        })
        .await
    }

    /// One PUT; Swift checks the MD5.
    async fn put_whole(
        &self,
        attempt: Attempt<'_>,
        bytes: u64,
        etag: &str,
        group: Option<&str>,
        body: impl Fn() -> Body,
    ) -> Result<ObjectMeta, ObjectError> {
        let name = self.names.object(attempt)?;
        self.http
            .write(attempt, Method::PUT, &name, |r| {
                let r = r
                    .header(CONTENT_LENGTH, bytes)
                    .header(CONTENT_TYPE, "application/octet-stream")
                    .header(ETAG, etag)
                    .body(body());
                match group {
                    Some(group) => r.header(crate::core::GROUP_HEADER, group),
                    None => r,
                }
            })
            .await?;
        Ok(described(attempt, bytes))
    }

    async fn put_long(
        &self,
        attempt: Attempt<'_>,
        file: Arc<File>,
        bytes: u64,
    ) -> Result<ObjectMeta, ObjectError> {
        let id = fresh_id();
        let group = Group {
            core: self,
            attempt,
            id: &id,
        };
        let done = match self.put_segments(group, file, bytes).await {
            Ok(segments) => group.complete(&segments).await,
            Err(e) => Err(e),
        };
        if let Err(e) = done {
            // A manifest may have been written all the same: then its segments stay.
            let name = self.names.object(attempt)?;
            if let Ok(head) = self.head(attempt, &name).await
                && head.is_none_or(|h| h.group.as_deref() != Some(&id))
                && let Err(left) = group.remove_all_but(&Default::default()).await
            {
                tracing::warn!(key = attempt.key, %left, "segments stay until they are swept");
            }
            return Err(e);
        }
        Ok(described(attempt, bytes))
    }

    async fn put_segments(
        &self,
        group: Group<'_>,
        file: Arc<File>,
        bytes: u64,
    ) -> Result<Vec<Segment>, ObjectError> {
        let segment = self
            .config
            .segment_bytes
            .max(bytes.div_ceil(MOST_SEGMENTS))
            .max(1);
        let starts = (0..bytes.div_ceil(segment)).map(|n| n * segment);
        stream::iter(starts)
            .map(|from| {
                let file = file.clone();
                async move {
                    let length = segment.min(bytes - from);
                    let etag = file_md5(file.clone(), from, length)
                        .await
                        .map_err(|e| group.attempt.because(e))?;
                    group
                        .put(&etag, length, || file_body(file.clone(), from, length))
                        .await
                }
            })
            .buffered(self.config.parallel.max(1))
            .try_collect()
            .await
    }
}

/// What a store says of an object.
pub fn described(attempt: Attempt<'_>, bytes: u64) -> ObjectMeta {
    ObjectMeta {
        key: attempt.key.to_owned(),
        bytes,
    }
}
