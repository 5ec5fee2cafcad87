//! How an upload ends: as an object, or not at all. Either may be asked for again.

use super::{
    multipart::{self, Multipart},
    state::State,
    tail,
};
use crate::{
    bucket::Bucket,
    fill::{Body, Fill},
    put,
};
use bytes::Bytes;
use reelmill_objects::{ObjectError, ObjectMeta};
use std::sync::Arc;

/// Makes the object of the first `bytes` bytes.
pub async fn finish(
    bucket: &Arc<Bucket>,
    key: &str,
    mut state: State,
    bytes: u64,
) -> Result<ObjectMeta, ObjectError> {
    let attempt = bucket.place.attempt("finishing", key);
    state.cut(bytes).map_err(|cause| attempt.because(cause))?;
    let made = make(bucket, key, &state).await;
    let head = multipart::judge(bucket, key, &state.id, bytes, made).await?;
    if head.is_of_parts() {
        // It is this upload's, which is over. Aborting it could only do harm: Swift keeps the parts below the upload's id.
        state.upload = None;
    }
    if let Err(error) = forget(bucket, key, &state).await {
        tracing::warn!(%error, "what a finished upload leaves stays until it is swept");
    }
    Ok(ObjectMeta {
        key: key.to_owned(),
        bytes,
    })
}

/// Forgets an upload and all that it stored.
pub async fn abort(bucket: &Arc<Bucket>, key: &str, state: &State) -> Result<(), ObjectError> {
    forget(bucket, key, state).await
}

async fn make(bucket: &Arc<Bucket>, key: &str, state: &State) -> Result<(), ObjectError> {
    let attempt = bucket.place.attempt("finishing", key);
    let rest = match state.tail.is_empty() {
        true => Body::memory(Bytes::new()),
        false => {
            let size = state.tail.iter().map(|piece| piece.bytes).sum();
            let mut fill = Fill::open(bucket, size)
                .await
                .map_err(|e| attempt.because(e))?;
            tail::read_back(bucket, key, state, &mut fill).await?;
            fill.into_body(0).await.map_err(|e| attempt.because(e))?
        }
    };
    let Some(id) = state.upload.as_ref().filter(|_| !state.parts.is_empty()) else {
        let name = bucket.names.object(key);
        return put::put(bucket, key, &name, rest, multipart::marked(&state.id)).await;
    };
    let upload = Multipart::of(bucket, key, id.clone(), state.id.clone());
    let mut parts = state.parts.clone();
    if rest.len() > 0 {
        let number = state
            .schedule()
            .number(parts.len(), super::append::salt())
            .ok_or_else(|| attempt.because("it is longer than a store takes"))?;
        parts.push(upload.part(number, rest).await?);
    }
    upload.complete(&parts).await
}

/// Removes what is not the object: the multipart upload if it is still there, and every piece of the tail.
async fn forget(bucket: &Arc<Bucket>, key: &str, state: &State) -> Result<(), ObjectError> {
    if let Some(id) = &state.upload {
        let upload = Multipart::of(bucket, key, id.clone(), state.id.clone());
        upload.abort().await?;
    }
    tail::remove_all(bucket, key, state).await
}
