//! Looking an upload up.

use super::Upload;
use crate::{StoreError, entity::upload, error::Attempt};
use reelmill_domain::id::UploadId;
use sea_orm::{ConnectionTrait, EntityTrait};

/// The upload, if there is one, also when it has expired.
pub async fn find<C: ConnectionTrait>(db: &C, id: UploadId) -> Result<Option<Upload>, StoreError> {
    upload::Entity::find_by_id(id.0)
        .one(db)
        .await
        .attempt("reading an upload")?
        .map(Upload::try_from)
        .transpose()
}
