//! The tail of an upload: pieces that are objects of their own, outside every listing.

use super::state::{Piece, State};
use crate::{
    bucket::Bucket,
    fill::{Body, Fill},
    put,
    read::Source,
};
use futures::{StreamExt, TryStreamExt, stream};
use reelmill_objects::ObjectError;
use std::{collections::HashMap, sync::Arc};
use uuid::Uuid;

/// Removals at once.
const AT_ONCE: usize = 8;

/// Reads the tail into a part that is filling up.
pub async fn read_back(
    bucket: &Bucket,
    key: &str,
    state: &State,
    fill: &mut Fill,
) -> Result<(), ObjectError> {
    let attempt = bucket.place.attempt("reading the tail of", key);
    for piece in &state.tail {
        let name = bucket.names.tail(key, &state.id, &piece.name);
        let source = Source::tail(bucket, key, name);
        let mut bytes = source.stream(0..piece.bytes).await?;
        while let Some(more) = bytes.try_next().await.map_err(|e| attempt.because(e))? {
            fill.push(&more).await.map_err(|e| attempt.because(e))?;
        }
    }
    Ok(())
}

/// Stores a new piece.
pub async fn write(
    bucket: &Bucket,
    key: &str,
    upload: &str,
    body: Body,
) -> Result<Piece, ObjectError> {
    let piece = Piece {
        name: Uuid::now_v7().simple().to_string(),
        bytes: body.len(),
    };
    let name = bucket.names.tail(key, upload, &piece.name);
    put::put(bucket, key, &name, body, HashMap::new()).await?;
    Ok(piece)
}

/// Removes pieces. What can't be removed now is removed when the upload ends, or swept.
pub async fn remove(bucket: &Arc<Bucket>, key: &str, upload: &str, pieces: Vec<String>) {
    stream::iter(pieces)
        .map(|piece| {
            let name = bucket.names.tail(key, upload, &piece);
            async move { put::delete(bucket, key, &name).await }
        })
        .buffer_unordered(AT_ONCE)
        .for_each(async |removed| {
            if let Err(error) = removed {
                tracing::debug!(%error, "a piece of a tail stays for now");
            }
        })
        .await;
}

/// Removes every piece of an upload: those that its state knows, and those that the store lists.
pub async fn remove_all(bucket: &Arc<Bucket>, key: &str, state: &State) -> Result<(), ObjectError> {
    let mut pieces: Vec<String> = state.pieces().cloned().collect();
    let prefix = bucket.names.tails_of(key, &state.id);
    let listed = bucket
        .client
        .list_objects_v2()
        .bucket(&bucket.name)
        .prefix(&prefix)
        .send()
        .await
        .map_err(|e| bucket.place.attempt("listing the tail of", key).failed(e))?;
    for object in listed.contents() {
        let name = object.key().unwrap_or_default();
        pieces.extend(name.strip_prefix(&prefix).map(str::to_owned));
    }
    pieces.sort_unstable();
    pieces.dedup();
    remove(bucket, key, &state.id, pieces).await;
    Ok(())
}
