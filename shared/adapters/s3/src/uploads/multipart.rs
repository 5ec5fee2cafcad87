//! One multipart upload at the store: begun, given its parts, completed or aborted. Every one carries a mark into its
//! object's metadata, so that an answer that got lost can be found out: the object bears the mark, or it is not done.

use crate::{
    bucket::Bucket,
    client,
    fill::Body,
    read::{self, Head},
};
use aws_sdk_s3::{
    error::ProvideErrorMetadata,
    operation::upload_part::builders::UploadPartFluentBuilder,
    types::{CompletedMultipartUpload, CompletedPart},
};
use reelmill_objects::ObjectError;
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, time::Duration};
use uuid::Uuid;

/// Where the mark is in an object's metadata.
const MARK: &str = "reelmill-upload";
/// How long completing may take: the store puts together up to 10,000 parts.
const COMPLETING: Duration = Duration::from_secs(300);

/// A part that is stored: its number, and the mark of its very content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Part(pub u16, pub String);

/// The metadata that bears a mark.
pub fn marked(mark: &str) -> HashMap<String, String> {
    HashMap::from([(MARK.to_owned(), mark.to_owned())])
}

/// Whether an object bears a mark.
pub fn bears(head: &Head, mark: &str) -> bool {
    head.metadata.get(MARK).is_some_and(|m| m == mark)
}

/// The object at the key if it bears the mark.
pub async fn find(bucket: &Bucket, key: &str, mark: &str) -> Result<Option<Head>, ObjectError> {
    match read::head(bucket, key).await {
        Ok(head) if bears(&head, mark) => Ok(Some(head)),
        Ok(_) | Err(ObjectError::NotFound { .. }) => Ok(None),
        Err(e) => Err(e),
    }
}

/// What an attempt to make the object came to: the object with the mark is there, or the attempt failed. Whatever the
/// attempt says, since its answer may have got lost and its repetition refused.
pub async fn judge(
    bucket: &Bucket,
    key: &str,
    mark: &str,
    bytes: u64,
    made: Result<(), ObjectError>,
) -> Result<Head, ObjectError> {
    let attempt = bucket.place.attempt("finishing", key);
    match find(bucket, key, mark).await? {
        Some(head) if head.bytes == bytes => Ok(head),
        Some(head) => Err(attempt.because(format!(
            "it was finished with {} bytes, not with {bytes}",
            head.bytes
        ))),
        None => {
            made?;
            Err(attempt.because("the store says it is done, and has no such object"))
        }
    }
}

/// A multipart upload.
#[derive(Clone)]
pub struct Multipart {
    bucket: Bucket,
    key: String,
    id: String,
    mark: String,
}

impl Multipart {
    /// Begins one with a mark of its own.
    pub async fn begin(bucket: &Bucket, key: &str) -> Result<Self, ObjectError> {
        Self::begin_marked(bucket, key, &Uuid::now_v7().simple().to_string()).await
    }

    /// Begins one.
    pub async fn begin_marked(bucket: &Bucket, key: &str, mark: &str) -> Result<Self, ObjectError> {
        let attempt = bucket.place.attempt("beginning the upload", key);
        let begun = bucket
            .client
            .create_multipart_upload()
            .bucket(&bucket.name)
            .key(bucket.names.object(key))
            .set_metadata(Some(marked(mark)))
            .send()
            .await
            .map_err(|e| attempt.failed(e))?;
        let id = begun
            .upload_id
            .ok_or_else(|| attempt.because("the store gives it no id"))?;
        Ok(Self::of(bucket, key, id, mark.to_owned()))
    }

    /// One that was begun before.
    pub fn of(bucket: &Bucket, key: &str, id: String, mark: String) -> Self {
        Self {
            bucket: bucket.clone(),
            key: key.to_owned(),
            id,
            mark,
        }
    }

    /// What the store calls it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What its object bears.
    pub fn mark(&self) -> &str {
        &self.mark
    }

    /// Stores a part, when it is this request's turn.
    pub async fn part(&self, number: u16, body: Body) -> Result<Part, ObjectError> {
        let attempt = self.bucket.place.attempt("storing a part of", &self.key);
        let _turn = self.bucket.budget.request().await;
        let stored = self
            .send(u32::from(number), &body)
            .await?
            .customize()
            .config_override(client::sending(body.len()))
            .send()
            .await
            .map_err(|e| gone_is_a_failure(attempt.failed(e), attempt))?;
        let etag = stored
            .e_tag
            .ok_or_else(|| attempt.because("the store gives the part no ETag"))?;
        Ok(Part(number, etag))
    }

    /// Whether the store takes a part with this number.
    pub async fn takes(&self, number: u32, body: Body) -> Result<bool, ObjectError> {
        let attempt = self.bucket.place.attempt("trying out parts of", &self.key);
        let sent = self.send(number, &body).await?.send().await;
        match sent {
            Ok(_) => Ok(true),
            Err(e) if e.code() == Some("InvalidArgument") => Ok(false),
            Err(e) => Err(attempt.failed(e)),
        }
    }

    async fn send(&self, number: u32, body: &Body) -> Result<UploadPartFluentBuilder, ObjectError> {
        let attempt = self.bucket.place.attempt("storing a part of", &self.key);
        let request = self
            .bucket
            .client
            .upload_part()
            .bucket(&self.bucket.name)
            .key(self.bucket.names.object(&self.key))
            .upload_id(&self.id)
            .part_number(i32::try_from(number).map_err(|e| attempt.because(e))?)
            .body(body.stream().await.map_err(|e| attempt.because(e))?);
        Ok(request)
    }

    /// Makes the object, of exactly these parts, in rising order. An error may be an answer that got lost: see [`judge`].
    pub async fn complete(&self, parts: &[Part]) -> Result<(), ObjectError> {
        let attempt = self.bucket.place.attempt("finishing", &self.key);
        let parts = parts
            .iter()
            .map(|Part(number, etag)| {
                CompletedPart::builder()
                    .part_number(i32::from(*number))
                    .e_tag(etag)
                    .build()
            })
            .collect();
        self.bucket
            .client
            .complete_multipart_upload()
            .bucket(&self.bucket.name)
            .key(self.bucket.names.object(&self.key))
            .upload_id(&self.id)
            .multipart_upload(
                CompletedMultipartUpload::builder()
                    .set_parts(Some(parts))
                    .build(),
            )
            .customize()
            .config_override(client::lasting(COMPLETING))
            .send()
            .await
            .map_err(|e| gone_is_a_failure(attempt.failed(e), attempt))?;
        Ok(())
    }

    /// Forgets it, with its parts. False when it was gone.
    pub async fn abort(&self) -> Result<bool, ObjectError> {
        let attempt = self.bucket.place.attempt("aborting the upload", &self.key);
        let aborted = self
            .bucket
            .client
            .abort_multipart_upload()
            .bucket(&self.bucket.name)
            .key(self.bucket.names.object(&self.key))
            .upload_id(&self.id)
            .send()
            .await;
        match aborted {
            Ok(_) => Ok(true),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_no_such_upload()) => Ok(false),
            Err(e) => match attempt.failed(e) {
                ObjectError::NotFound { .. } => Ok(false),
                failed => Err(failed),
            },
        }
    }

    /// Aborts it if it is dropped before it is done. What that misses, [`reelmill_objects::ObjectStore::unfinished`] finds.
    pub fn abort_unless_done(self) -> Unless {
        Unless(Some(self))
    }
}

/// A bare 404 speaks of the upload here, not of an object.
fn gone_is_a_failure(error: ObjectError, attempt: crate::errors::Attempt<'_>) -> ObjectError {
    match error {
        ObjectError::NotFound { .. } => attempt.because("the upload is finished, or was removed"),
        other => other,
    }
}

/// Aborts an upload when it is dropped.
pub struct Unless(Option<Multipart>);

impl Unless {
    /// It is done: nothing is to be aborted.
    pub fn done(mut self) {
        self.0 = None;
    }
}

impl Drop for Unless {
    fn drop(&mut self) {
        let (Some(upload), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        runtime.spawn(async move {
            if let Err(error) = upload.abort().await {
                tracing::warn!(%error, "an upload that was given up stays until it is swept");
            }
        });
    }
}
