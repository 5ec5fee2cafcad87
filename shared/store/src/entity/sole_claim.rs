//! `sole_claims`: a process that serves the database alone, because its queue is within itself.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sole_claims")]
pub struct Model {
    /// What is claimed.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// The data folder of the process: only one process at a time has it.
    pub folder: Uuid,
    /// What the process calls itself.
    pub holder: String,
    /// New with each start.
    pub token: Uuid,
    /// Void after that.
    pub until: i64,
}

/// None: queries join by hand.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
