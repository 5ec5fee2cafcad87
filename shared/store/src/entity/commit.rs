//! `commits`: marks of transactions whose commit was sent, for those whose answer gets lost. A mark's id tells when.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "commits")]
pub struct Model {
    /// UUIDv7, new for each commit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
}

/// None: queries join by hand.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
