//! Which stories have new lines. What the lines say is `events`' business.

use crate::{StoreError, entity::job_event, error::Attempt};
use reelmill_domain::id::JobId;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

/// Lines after `id` that can be seen now, at most `limit`, by their ids: which of them, and of which job. Smaller ids may
/// become visible later; in the order in which nothing is missed they come by [`crate::events::after`].
pub async fn told_after<C: ConnectionTrait>(
    db: &C,
    id: i64,
    limit: u64,
) -> Result<Vec<(i64, JobId)>, StoreError> {
    let rows: Vec<(i64, Uuid)> = job_event::Entity::find()
        .select_only()
        .columns([job_event::Column::Id, job_event::Column::JobId])
        .filter(job_event::Column::Id.gt(id))
        .order_by_asc(job_event::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
        .attempt("reading which stories go on")?;
    Ok(rows.into_iter().map(|(id, job)| (id, JobId(job))).collect())
}
