//! A file that an output offers, by the names in its URL.

use crate::{
    StoreError,
    convert::from_json,
    entity::{job, output},
    error::Attempt,
};
use reelmill_domain::{
    id::{JobId, OutputId},
    output::{OutputFile, OutputState},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};

/// What there is at a media URL.
#[derive(Debug, Clone, PartialEq)]
pub enum Offered {
    /// This file.
    File(OutputFile),
    /// There was something; its time is over.
    Expired,
    /// Nothing, or nothing yet.
    Nothing,
}

/// Looks a file up.
pub async fn offered<C: ConnectionTrait>(
    db: &C,
    owner: &str,
    job: JobId,
    output: OutputId,
    name: &str,
) -> Result<Offered, StoreError> {
    let row = output::Entity::find_by_id(output.0)
        .filter(output::Column::JobId.eq(job.0))
        .one(db)
        .await
        .attempt("looking an output up")?;
    let Some(row) = row else {
        return Ok(Offered::Nothing);
    };
    let owned = job::Entity::find_by_id(job.0)
        .filter(job::Column::Owner.eq(owner))
        .count(db)
        .await
        .attempt("looking a job up")?;
    if owned == 0 {
        return Ok(Offered::Nothing);
    }
    Ok(match from_json("output", &row.id, &row.state_json)? {
        OutputState::Published(p) => match p.files.into_iter().find(|f| f.name == name) {
            Some(file) => Offered::File(file),
            None => Offered::Nothing,
        },
        OutputState::Expired { .. } => Offered::Expired,
        _ => Offered::Nothing,
    })
}
