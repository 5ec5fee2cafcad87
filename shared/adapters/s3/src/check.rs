//! Whether the store can be used now: the bucket is there, and something can be written and removed again.

use crate::{bucket::Bucket, client};
use aws_sdk_s3::primitives::ByteStream;
use reelmill_objects::ObjectError;

/// Tries it out; soon, since somebody waits for the answer.
pub async fn check(bucket: &Bucket) -> Result<(), ObjectError> {
    let listing = bucket.place.attempt("looking into bucket", &bucket.name);
    // A HEAD of the bucket would not say why it fails.
    bucket
        .client
        .list_objects_v2()
        .bucket(&bucket.name)
        .prefix(bucket.names.object(""))
        .max_keys(1)
        .customize()
        .config_override(client::impatient())
        .send()
        .await
        .map_err(|e| listing.failed(e))?;
    // Always the same: one that could not be removed goes with the next look.
    let trial = bucket.names.object(&bucket.names.trial());
    let writing = bucket.place.attempt("writing to bucket", &bucket.name);
    bucket
        .client
        .put_object()
        .bucket(&bucket.name)
        .key(&trial)
        .body(ByteStream::from_static(
            b"reelmill looks whether it may write here",
        ))
        .customize()
        .config_override(client::impatient())
        .send()
        .await
        .map_err(|e| writing.failed(e))?;
    let removing = bucket.place.attempt("removing from bucket", &bucket.name);
    bucket
        .client
        .delete_object()
        .bucket(&bucket.name)
        .key(&trial)
        .customize()
        .config_override(client::impatient())
        .send()
        .await
        .map_err(|e| removing.failed(e))?;
    Ok(())
}
