//! Reading: what an object is, and ranges of it that go on where a connection broke, from the same version or not at all.

use crate::bucket::Bucket;
use aws_sdk_s3::primitives::ByteStream as Body;
use bytes::Bytes;
use futures::{StreamExt, stream};
use reelmill_objects::{ByteStream, ObjectError};
use std::{collections::HashMap, io, ops::Range, time::Duration};

/// How long nothing may come before the connection counts as broken.
const SILENCE: Duration = Duration::from_secs(30);
/// How often a read goes on without having got a byte in between.
const RESUMES: u32 = 8;
/// The wait before it does, times the number of the attempt.
const PAUSE: Duration = Duration::from_millis(200);

/// What is known of an object.
#[derive(Debug, Clone)]
pub struct Head {
    /// Its size.
    pub bytes: u64,
    /// Its version's mark.
    pub etag: Option<String>,
    /// What was said of it when it was stored.
    pub metadata: HashMap<String, String>,
}

impl Head {
    /// Whether it was put together from parts: then its mark says of how many, behind a dash.
    pub fn is_of_parts(&self) -> bool {
        self.etag.as_ref().is_some_and(|etag| etag.contains('-'))
    }
}

/// What is known of the object at a key.
pub async fn head(bucket: &Bucket, key: &str) -> Result<Head, ObjectError> {
    let head = bucket
        .client
        .head_object()
        .bucket(&bucket.name)
        .key(bucket.names.object(key))
        .send()
        .await
        .map_err(|e| bucket.place.attempt("asking for", key).failed(e))?;
    Ok(Head {
        bytes: u64::try_from(head.content_length().unwrap_or_default()).unwrap_or_default(),
        etag: head.e_tag,
        metadata: head.metadata.unwrap_or_default(),
    })
}

/// A range of an object.
pub async fn read(
    bucket: &Bucket,
    key: &str,
    range: Range<u64>,
) -> Result<ByteStream, ObjectError> {
    if range.is_empty() {
        head(bucket, key).await?;
        return Ok(stream::empty().boxed());
    }
    let source = Source::object(bucket, key, None);
    source.stream(range).await
}

/// Something in the bucket that is read.
#[derive(Clone)]
pub struct Source {
    bucket: Bucket,
    key: String,
    name: String,
    /// The version that must be read, once one was seen.
    etag: Option<String>,
}

impl Source {
    /// An object, of a certain version.
    pub fn object(bucket: &Bucket, key: &str, etag: Option<String>) -> Self {
        Self {
            bucket: bucket.clone(),
            key: key.to_owned(),
            name: bucket.names.object(key),
            etag,
        }
    }

    /// A piece of an upload's tail.
    pub fn tail(bucket: &Bucket, key: &str, name: String) -> Self {
        Self {
            bucket: bucket.clone(),
            key: key.to_owned(),
            name,
            etag: None,
        }
    }

    /// Its bytes in `range`, which is not empty. The first answer has come when this returns.
    pub async fn stream(mut self, range: Range<u64>) -> Result<ByteStream, ObjectError> {
        let mut body = self.get(range.clone()).await?;
        let flow = async_stream::try_stream! {
            let Range { mut start, end } = range;
            let mut fruitless = 0;
            while start < end {
                match next(&mut body).await {
                    Ok(Some(bytes)) if bytes.len() as u64 <= end - start => {
                        start += bytes.len() as u64;
                        fruitless = 0;
                        yield bytes;
                    }
                    Ok(Some(_)) => Err(io::Error::other("the store sends more than it was asked for"))?,
                    broken => {
                        fruitless += 1;
                        if fruitless > RESUMES {
                            Err(gave_up(broken))?;
                        }
                        tracing::debug!(key = self.key, at = start, "a read broke and goes on");
                        tokio::time::sleep(PAUSE * fruitless).await;
                        body = self.get(start..end).await.map_err(io::Error::other)?;
                    }
                }
            }
        };
        Ok(flow.boxed())
    }

    async fn get(&mut self, range: Range<u64>) -> Result<Body, ObjectError> {
        let attempt = self.bucket.place.attempt("reading", &self.key);
        let got = self
            .bucket
            .client
            .get_object()
            .bucket(&self.bucket.name)
            .key(&self.name)
            .range(format!("bytes={}-{}", range.start, range.end - 1))
            .set_if_match(self.etag.clone())
            .send()
            .await
            .map_err(|e| attempt.failed(e))?;
        let bytes = range.end - range.start;
        if got.content_length() != i64::try_from(bytes).ok() {
            return Err(attempt.because(format!(
                "{bytes} bytes were asked for from {}, and {:?} are there",
                range.start,
                got.content_length()
            )));
        }
        self.etag = self.etag.take().or(got.e_tag);
        Ok(got.body)
    }
}

async fn next(body: &mut Body) -> io::Result<Option<Bytes>> {
    match tokio::time::timeout(SILENCE, body.next()).await {
        Ok(None) => Ok(None),
        Ok(Some(Ok(bytes))) => Ok(Some(bytes)),
        Ok(Some(Err(e))) => Err(io::Error::other(e)),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

fn gave_up(last: io::Result<Option<Bytes>>) -> io::Error {
    match last {
        Err(e) => e,
        Ok(_) => io::ErrorKind::UnexpectedEof.into(),
    }
}
