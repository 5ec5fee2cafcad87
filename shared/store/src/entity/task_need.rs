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

/// What queries join on.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The task that is needed.
    #[sea_orm(
        belongs_to = "super::task::Entity",
        from = "Column::NeedId",
        to = "super::task::Column::Id"
    )]
    Need,
}

impl ActiveModelBehavior for ActiveModel {}
