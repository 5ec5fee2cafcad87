//! The story of a job: rows of `job_events`, written in the transaction of the change they tell.

use crate::{StoreError, convert::to_json, entity::job_event, error::Attempt};
use reelmill_domain::{event::Telling, id::JobId, time::Timestamp};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ConnectionTrait, EntityTrait,
};

/// Writes line `seq` of a job's story. `seq` is the job row's `event_seq` + 1, which the same transaction must write:
/// the unique index refuses a second writer.
pub async fn append<C: ConnectionTrait>(
    txn: &C,
    job: JobId,
    owner: &str,
    seq: i64,
    telling: &Telling,
    now: Timestamp,
) -> Result<(), StoreError> {
    let kind = match telling {
        Telling::Job { .. } => "job",
        Telling::Output { .. } => "output",
        Telling::Deleted => "deleted",
    };
    let row = job_event::ActiveModel {
        id: NotSet,
        job_id: Set(job.0),
        owner: Set(owner.to_owned()),
        seq: Set(seq),
        kind: Set(kind.to_owned()),
        body_json: Set(to_json("job event", telling)?),
        at: Set(now.0),
    };
    job_event::Entity::insert(row)
        .exec_without_returning(txn)
        .await
        .attempt("telling a change")
        .map(|_| ())
        .map_err(|error| error.duplicate_is_conflict("telling a change", "story"))
}
