//! `worker_wishes`: what the operator last wanted of workers of a name. Outlives their processes, whose ids are new each time.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "worker_wishes")]
pub struct Model {
    /// The workers' name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// `live` or `disabled`.
    pub wanted: String,
    /// When it was wished, or a worker of that name last began.
    pub at: i64,
}

/// None: queries join by hand.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
