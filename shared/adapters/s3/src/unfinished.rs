//! What was begun and not ended: multipart uploads, and pieces of tails. Ages are the store's. Whether somebody still goes
//! on with one of them only the caller can know.

use crate::{
    bucket::Bucket,
    leftover::{self, Listed},
    put, read,
    uploads::multipart::Multipart,
};
use aws_sdk_s3::{
    error::ProvideErrorMetadata,
    primitives::DateTime,
    types::{MultipartUpload, Part},
};
use futures::{StreamExt, stream};
use reelmill_objects::{ObjectError, Unfinished};

/// The most that is returned of either kind: wanted ones must not hide what is left over.
const MOST: usize = 5000;
/// What one request asks for.
const PAGE: i32 = 100;
/// Uploads whose parts are asked for at once.
const AT_ONCE: usize = 8;
/// An upload that is no older can't have been left alone for longer, so its parts are not asked for.
const YOUNG_S: u64 = 600;

/// How the two kinds are told apart in an [`Unfinished`]'s id.
const UPLOAD: &str = "upload:";
const TAIL: &str = "tail:";

/// What is unfinished below `prefix`.
pub async fn unfinished(bucket: &Bucket, prefix: &str) -> Result<Vec<Unfinished>, ObjectError> {
    let mut all = uploads(bucket, prefix).await?;
    all.extend(tails(bucket, prefix).await?);
    Ok(all)
}

/// Removes one of them; whether anything went. True of every tail: S3 doesn't say whether it was still there.
pub async fn discard(bucket: &Bucket, what: &Unfinished) -> Result<bool, ObjectError> {
    if let Some(id) = what.id.strip_prefix(UPLOAD) {
        match read::head(bucket, &what.key).await {
            // It may be this upload's. Swift keeps the parts below the upload's id, so aborting could take them away.
            Ok(head) if head.is_of_parts() => {
                let parts = parts(bucket, &what.key, id).await?;
                let parts: Vec<Listed> = parts.iter().filter_map(Listed::of).collect();
                if leftover::may_be_made_of(&head, parts) {
                    return Ok(false);
                }
            }
            Ok(_) | Err(ObjectError::NotFound { .. }) => {}
            Err(e) => return Err(e),
        }
        let upload = Multipart::of(bucket, &what.key, id.to_owned(), String::new());
        return upload.abort().await;
    }
    match what.id.strip_prefix(TAIL) {
        Some(rest) if !rest.contains('/') => {
            let name = bucket.names.tail_again(&what.key, rest);
            put::delete(bucket, &what.key, &name).await?;
            Ok(true)
        }
        _ => Err(bucket
            .place
            .attempt("discarding", &what.key)
            .because(format!("`{}` is not one of this store's ids", what.id))),
    }
}

async fn uploads(bucket: &Bucket, prefix: &str) -> Result<Vec<Unfinished>, ObjectError> {
    let listed = list_uploads(bucket, prefix).await?;
    let ours = listed.iter().filter_map(|upload| {
        let key = bucket.names.key(upload.key()?)?;
        let age_s = age(bucket, upload.initiated());
        Some((key.to_owned(), upload.upload_id()?.to_owned(), age_s))
    });
    let ours: Vec<_> = ours.collect();
    let all = stream::iter(ours)
        .map(|(key, id, begun_s)| async move {
            let age_s = match begun_s {
                0..=YOUNG_S => begun_s,
                _ => match last_part(bucket, &key, &id).await {
                    Ok(last_s) => begun_s.min(last_s.unwrap_or(begun_s)),
                    Err(error) => {
                        tracing::warn!(%error, "how old an upload is can't be told");
                        0
                    }
                },
            };
            Unfinished {
                key,
                id: format!("{UPLOAD}{id}"),
                age_s,
            }
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    Ok(all)
}

/// Every upload below `prefix`, up to the most.
async fn list_uploads(bucket: &Bucket, prefix: &str) -> Result<Vec<MultipartUpload>, ObjectError> {
    let attempt = bucket.place.attempt("listing the uploads of", prefix);
    let mut all = Vec::new();
    let (mut after_key, mut after_id) = (None, None);
    loop {
        let page = bucket
            .client
            .list_multipart_uploads()
            .bucket(&bucket.name)
            .prefix(bucket.names.object(prefix))
            .max_uploads(PAGE)
            .set_key_marker(after_key)
            .set_upload_id_marker(after_id)
            .send()
            .await
            .map_err(|e| attempt.failed(e))?;
        let goes_on = page.is_truncated() == Some(true) && page.next_key_marker.is_some();
        all.extend(page.uploads.unwrap_or_default());
        (after_key, after_id) = (page.next_key_marker, page.next_upload_id_marker);
        if !goes_on || all.len() >= MOST {
            all.truncate(MOST);
            return Ok(all);
        }
    }
}

/// How long ago the upload got its last part; `None` if it has none, or is gone.
async fn last_part(bucket: &Bucket, key: &str, id: &str) -> Result<Option<u64>, ObjectError> {
    let parts = parts(bucket, key, id).await?;
    Ok(parts.iter().map(|p| age(bucket, p.last_modified())).min())
}

/// What the upload has; nothing when it is gone.
async fn parts(bucket: &Bucket, key: &str, id: &str) -> Result<Vec<Part>, ObjectError> {
    let mut all = Vec::new();
    let mut pages = bucket
        .client
        .list_parts()
        .bucket(&bucket.name)
        .key(bucket.names.object(key))
        .upload_id(id)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => all.extend(page.parts.unwrap_or_default()),
            Err(e)
                if e.as_service_error()
                    .is_some_and(|e| e.code() == Some("NoSuchUpload")) =>
            {
                break;
            }
            Err(e) => return Err(bucket.place.attempt("listing the parts of", key).failed(e)),
        }
    }
    Ok(all)
}

async fn tails(bucket: &Bucket, prefix: &str) -> Result<Vec<Unfinished>, ObjectError> {
    let attempt = bucket.place.attempt("listing the tails of", prefix);
    let mut all = Vec::new();
    let mut pages = bucket
        .client
        .list_objects_v2()
        .bucket(&bucket.name)
        .prefix(bucket.names.tails(prefix))
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|e| attempt.failed(e))?;
        all.extend(page.contents().iter().filter_map(|object| {
            let (key, rest) = bucket.names.tail_key(object.key()?)?;
            reelmill_objects::check_key(key).ok()?;
            Some(Unfinished {
                key: key.to_owned(),
                id: format!("{TAIL}{rest}"),
                age_s: age(bucket, object.last_modified()),
            })
        }));
        if all.len() >= MOST {
            all.truncate(MOST);
            break;
        }
    }
    Ok(all)
}

/// Seconds since a time by the store's clock; 0 when it isn't told.
fn age(bucket: &Bucket, time: Option<&DateTime>) -> u64 {
    time.map_or(0, |then| bucket.clock.age_s(then.secs()))
}
