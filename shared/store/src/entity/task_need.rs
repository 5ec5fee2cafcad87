//! `task_needs`: which tasks a task waits on, in the order of its needs.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "task_needs")]
pub struct Model {
    /// Who waits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub task_id: Uuid,
    /// From 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// On whom.
    pub need_id: Uuid,
}

/// None: queries join by hand.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
