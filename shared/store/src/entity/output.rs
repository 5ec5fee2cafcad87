//! `outputs`: outputs of jobs.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outputs")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Its job.
    pub job_id: Uuid,
    /// Its place in the order asked, from 0.
    pub position: i32,
    /// The preset's name.
    pub preset: String,
    /// `domain::preset::Preset` as it was when the job was accepted.
    pub preset_json: String,
    /// Its name in `/media` URLs.
    pub file_name: String,
    /// The state's API name.
    pub state: String,
    /// `domain::output::OutputState`.
    pub state_json: String,
    /// `domain::output::Parts` that the plan foresees; null until planned.
    pub planned_json: Option<String>,
    /// Attempts of its tasks that ended in an error.
    pub failures: i32,
    /// When its files go, while published.
    pub expires_at: Option<i64>,
}

/// None: queries join by hand.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
