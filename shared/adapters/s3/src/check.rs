//! Whether the store can be used now: the bucket is there, and something can be written, read and removed again where runs
//! keep their files. A key that may do only half of this is no use to a worker.

use crate::{bucket::Bucket, client};
use aws_sdk_s3::primitives::ByteStream;
use reelmill_objects::ObjectError;

/// What is written.
const TRIAL: &[u8] = b"reelmill looks whether it may write here";

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
        .body(ByteStream::from_static(TRIAL))
        .customize()
        .config_override(client::impatient())
        .send()
        .await
        .map_err(|e| writing.failed(e))?;
    let read = read(bucket, &trial).await;
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
    read
}

/// Reads what was written. Another process, which looks at the same moment, may have removed it: that nothing is there is
/// the answer to one who may read.
async fn read(bucket: &Bucket, trial: &str) -> Result<(), ObjectError> {
    let attempt = bucket.place.attempt("reading from bucket", &bucket.name);
    let got = bucket
        .client
        .get_object()
        .bucket(&bucket.name)
        .key(trial)
        .customize()
        .config_override(client::impatient())
        .send()
        .await
        .map_err(|e| attempt.failed(e));
    let body = match got {
        Ok(got) => got.body,
        Err(ObjectError::NotFound { .. }) => return Ok(()),
        Err(error) => return Err(error),
    };
    let bytes = body.collect().await.map_err(|e| attempt.because(e))?;
    if bytes.into_bytes() == TRIAL {
        Ok(())
    } else {
        Err(attempt.because("what came back is not what was written"))
    }
}
