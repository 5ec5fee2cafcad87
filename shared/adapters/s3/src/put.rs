//! Storing whole objects: at once, or a large file in parts side by side, read from disk as they are sent; and removing.

use crate::{
    bucket::Bucket,
    client,
    fill::Body,
    limit,
    schedule::Schedule,
    uploads::multipart::{self, Multipart, Part},
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use reelmill_objects::{ObjectError, ObjectMeta};
use std::{collections::HashMap, path::Path};

/// Files above this go in parts.
const IN_PARTS: u64 = 16 * 1024 * 1024;

/// Stores bytes.
pub async fn bytes(bucket: &Bucket, key: &str, bytes: Bytes) -> Result<ObjectMeta, ObjectError> {
    let name = bucket.names.object(key);
    let length = bytes.len() as u64;
    put(bucket, key, &name, Body::memory(bytes), HashMap::new()).await?;
    Ok(described(key, length))
}

/// Stores a body at a name.
pub async fn put(
    bucket: &Bucket,
    key: &str,
    name: &str,
    body: Body,
    metadata: HashMap<String, String>,
) -> Result<(), ObjectError> {
    let attempt = bucket.place.attempt("storing", key);
    let _turn = bucket.budget.request().await;
    bucket
        .client
        .put_object()
        .bucket(&bucket.name)
        .key(name)
        .set_metadata(Some(metadata).filter(|m| !m.is_empty()))
        .body(body.stream().await.map_err(|e| attempt.because(e))?)
        .customize()
        .config_override(client::sending(body.len()))
        .send()
        .await
        .map_err(|e| attempt.failed(e))?;
    Ok(())
}

/// Stores a file.
pub async fn file(bucket: &Bucket, key: &str, file: &Path) -> Result<ObjectMeta, ObjectError> {
    let attempt = bucket.place.attempt("storing", key);
    let known = tokio::fs::metadata(file)
        .await
        .map_err(|e| attempt.because(e))?;
    let length = known.len();
    let name = bucket.names.object(key);
    if length <= IN_PARTS {
        let body = Body::file(file, 0..length);
        put(bucket, key, &name, body, HashMap::new()).await?;
        return Ok(described(key, length));
    }
    let numbers = limit::for_length(bucket, Some(length)).await?;
    let upload = Multipart::begin(bucket, key).await?;
    let given_up = upload.clone().abort_unless_done();
    let mut parts: Vec<Part> = stream::iter((1..).zip(Schedule::of_file(length, numbers)))
        .map(|(number, range)| upload.part(number, Body::file(file, range)))
        .buffer_unordered(bucket.parallel)
        .try_collect()
        .await?;
    parts.sort_unstable();
    let made = upload.complete(&parts).await;
    multipart::judge(bucket, key, upload.mark(), length, made).await?;
    given_up.done();
    Ok(described(key, length))
}

/// Removes what lies at a name; not an error when nothing does.
pub async fn delete(bucket: &Bucket, key: &str, name: &str) -> Result<(), ObjectError> {
    let attempt = bucket.place.attempt("removing", key);
    let deleted = bucket
        .client
        .delete_object()
        .bucket(&bucket.name)
        .key(name)
        .send()
        .await
        .map_err(|e| attempt.failed(e));
    match deleted {
        Ok(_) | Err(ObjectError::NotFound { .. }) => Ok(()),
        Err(e) => Err(e),
    }
}

fn described(key: &str, bytes: u64) -> ObjectMeta {
    ObjectMeta {
        key: key.to_owned(),
        bytes,
    }
}
