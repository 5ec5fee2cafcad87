//! How many part numbers the store has: S3 has 10,000, but OpenStack Swift's S3 API only 1,000 unless it is told otherwise.
//! Tried out once, and only when more than 1,000 could be needed.

use crate::{
    bucket::Bucket,
    fill::Body,
    schedule::{FEWER, NUMBERS, Schedule},
    uploads::multipart::Multipart,
};
use bytes::Bytes;
use reelmill_objects::ObjectError;
use uuid::Uuid;

/// The largest part number that may be used for an upload of that length, if it is known.
pub async fn for_length(bucket: &Bucket, length: Option<u64>) -> Result<u32, ObjectError> {
    if length.is_some_and(Schedule::suits_every_store) {
        return Ok(FEWER);
    }
    bucket
        .numbers
        .get_or_try_init(async || try_out(bucket).await)
        .await
        .copied()
}

/// Sends a part with the largest number to an upload that is then aborted.
async fn try_out(bucket: &Bucket) -> Result<u32, ObjectError> {
    let upload = Multipart::begin(
        bucket,
        &bucket.names.trial_upload(&Uuid::now_v7().to_string()),
    )
    .await?;
    let takes = upload
        .takes(NUMBERS, Body::memory(Bytes::from_static(b"?")))
        .await;
    upload.abort().await?;
    let numbers = if takes? { NUMBERS } else { FEWER };
    tracing::debug!(numbers, "the store's part numbers");
    Ok(numbers)
}
