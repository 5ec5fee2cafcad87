//! `job_events`: The story of every job, gapless per job: what SSE, webhooks and mail tell. Outlives its job.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job_events")]
pub struct Model {
    /// Grows over all jobs; may have gaps.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Whose story.
    pub job_id: Uuid,
    /// The job's owner.
    pub owner: String,
    /// From 1 within the job, without gaps.
    pub seq: i64,
    /// `job`, `output` or `deleted`.
    pub kind: String,
    /// `domain::event::Telling`.
    pub body_json: String,
    /// When.
    pub at: i64,
}

/// None: queries join by hand.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
