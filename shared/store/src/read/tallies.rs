//! Tasks of jobs, counted by output, kind, lane and state: what progress and `waiting_for` are made of.

use crate::{StoreError, convert::size, entity::task, error::Attempt};
use reelmill_domain::{
    id::{JobId, OutputId},
    lane::Lane,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, Func},
};
use uuid::Uuid;

/// Tasks that are alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    /// Of this job.
    pub job: JobId,
    /// For this output; none for a probe.
    pub output: Option<OutputId>,
    /// `probe`, `encode`, `assemble`, `thumbnails`.
    pub kind: String,
    /// In this lane.
    pub lane: Lane,
    /// In this state.
    pub state: String,
    /// How many.
    pub tasks: u64,
    /// Their expected work in seconds of one core.
    pub cost_s: f64,
    /// Frames of the parts they made.
    pub frames: u64,
}

/// The tasks of these jobs, counted.
pub async fn tallies<C: ConnectionTrait>(db: &C, jobs: &[JobId]) -> Result<Vec<Tally>, StoreError> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    type Row = (
        Uuid,
        Option<Uuid>,
        String,
        String,
        String,
        i64,
        Option<f64>,
        Option<f64>,
    );
    let rows: Vec<Row> = task::Entity::find()
        .select_only()
        .columns([
            task::Column::JobId,
            task::Column::OutputId,
            task::Column::Kind,
            task::Column::Lane,
            task::Column::State,
        ])
        .column_as(task::Column::Id.count(), "n")
        .column_as(task::Column::CostS.sum(), "cost")
        // As a floating number: MySQL sums whole numbers to decimals.
        .column_as(
            Expr::from(Func::cast_as(task::Column::Frames.sum(), "double")),
            "frames",
        )
        .filter(task::Column::JobId.is_in(jobs.iter().map(|j| j.0)))
        .group_by(task::Column::JobId)
        .group_by(task::Column::OutputId)
        .group_by(task::Column::Kind)
        .group_by(task::Column::Lane)
        .group_by(task::Column::State)
        .into_tuple()
        .all(db)
        .await
        .attempt("counting tasks")?;
    let tally = |(job, output, kind, lane, state, n, cost, frames): Row| Tally {
        job: JobId(job),
        output: output.map(OutputId),
        kind,
        lane: Lane(lane),
        state,
        tasks: size(n),
        cost_s: cost.unwrap_or(0.0),
        frames: frames.unwrap_or(0.0) as u64,
    };
    Ok(rows.into_iter().map(tally).collect())
}
