//! `prefix_sweeps`: prefixes of the object store to be swept: every object there that is not a stored file goes.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "prefix_sweeps")]
pub struct Model {
    /// Its number.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The prefix.
    pub prefix: String,
    /// When.
    pub due_at: i64,
    /// How often, this time included.
    pub left: i32,
}

/// None: queries join by hand.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
