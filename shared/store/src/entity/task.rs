//! `tasks`: The outbox: what is to run, what runs, what has run.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tasks")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Its job.
    pub job_id: Uuid,
    /// The output it works for.
    pub output_id: Option<Uuid>,
    /// The job's owner, for fairness without a join.
    pub owner: String,
    /// `probe`, `encode`, `assemble`, `thumbnails`.
    pub kind: String,
    /// The queue it goes through.
    pub lane: String,
    /// `domain::spec::TaskSpec`.
    pub spec_json: String,
    /// Expected work in seconds of one core.
    pub cost_s: f64,
    /// The state's name.
    pub state: String,
    /// How many needs are not met, while waiting.
    pub waiting_on: i32,
    /// How often it was released: the fencing number.
    pub attempt: i32,
    /// Attempts that ended in an error of their own.
    pub failures: i32,
    /// Leases that lapsed.
    pub losses: i32,
    /// A worker that had no room for it.
    pub avoid: Option<Uuid>,
    /// The run bound to the attempt; stays after success.
    pub run_id: Option<Uuid>,
    /// Who runs it.
    pub worker_id: Option<Uuid>,
    /// End of the dispatch or of the lease.
    pub until: Option<i64>,
    /// `domain::event::TaskResult`, once succeeded.
    pub result_json: Option<String>,
    /// `domain::event::Failure`, once failed.
    pub failure_json: Option<String>,
    /// Frames of the part it made.
    pub frames: i64,
    /// The job's priority.
    pub priority: i16,
    /// The job is held back.
    pub paused: bool,
    /// Grows with every write but a renewal.
    pub version: i64,
    /// When it was planned.
    pub created_at: i64,
    /// When it last became ready.
    pub ready_at: Option<i64>,
}

/// None: queries join by hand.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
