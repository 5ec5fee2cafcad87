//! `stored_files`: files in the object store that somebody holds. Gone with the last reference, never before.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stored_files")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Where it lies; unique.
    pub object_key: String,
    /// Its size.
    pub bytes: i64,
    /// When it was stored.
    pub created_at: i64,
    /// When its last reference went; null while it has one.
    pub doomed_at: Option<i64>,
    /// The sweeper is deleting it: no new reference may be made.
    pub deleting: bool,
}

/// None: queries join by hand.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
