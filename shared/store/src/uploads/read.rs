//! Looking an upload up.

use super::Upload;
use crate::{
    StoreError,
    entity::{source, upload},
    error::Attempt,
};
use reelmill_domain::id::UploadId;
use sea_orm::{ConnectionTrait, EntityTrait, QuerySelect};

/// The upload, if there is one, also when it has expired.
pub async fn find<C: ConnectionTrait>(db: &C, id: UploadId) -> Result<Option<Upload>, StoreError> {
    upload::Entity::find_by_id(id.0)
        .one(db)
        .await
        .attempt("reading an upload")?
        .map(Upload::try_from)
        .transpose()
}

/// SHA-256 of the upload's bytes, hex, once a probe has read them.
pub async fn sha256<C: ConnectionTrait>(
    db: &C,
    upload: &Upload,
) -> Result<Option<String>, StoreError> {
    let Some(source) = upload.source else {
        return Ok(None);
    };
    let sum: Option<Option<String>> = source::Entity::find_by_id(source.0)
        .select_only()
        .column(source::Column::Sha256)
        .into_tuple()
        .one(db)
        .await
        .attempt("reading a source's checksum")?;
    Ok(sum.flatten())
}
