//! `jobs`: jobs. `version` guards every write; `event_seq` numbers the job's story.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is; empty while nobody signs in.
    pub owner: String,
    /// What people call it.
    pub name: String,
    /// Its source.
    pub source_id: Uuid,
    /// The state's API name.
    pub state: String,
    /// `domain::job::JobState`.
    pub state_json: String,
    /// 0 to 9; 9 goes first.
    pub priority: i16,
    /// Held back.
    pub paused: bool,
    /// A damaged source fails instead of warning.
    pub strict: bool,
    /// How long published outputs stay; null: as configured.
    pub expire_after_s: Option<i64>,
    /// The job that this one tries again.
    pub retry_of: Option<Uuid>,
    /// The owner's own, an object.
    pub metadata_json: String,
    /// A list of `domain::event::Warning`.
    pub warnings_json: String,
    /// Grows with every write.
    pub version: i64,
    /// The last number given in `job_events`.
    pub event_seq: i64,
    /// When it was accepted.
    pub created_at: i64,
    /// When its first task started.
    pub started_at: Option<i64>,
    /// When it ended.
    pub finished_at: Option<i64>,
    /// W3C `traceparent` of the submission.
    pub trace: Option<String>,
    /// It holds its source's file, or may.
    pub holds_source: bool,
    /// It goes on, or one of its outputs is published, or may be.
    pub holds_outputs: bool,
}

/// None: queries join by hand.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
