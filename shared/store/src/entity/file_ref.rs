//! `file_refs`: who holds which stored file.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "file_refs")]
pub struct Model {
    /// The file.
    #[sea_orm(primary_key, auto_increment = false)]
    pub file_id: Uuid,
    /// A [`crate::refs::Holder`]'s name: `upload`, `job` (as its source) or `output`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub holder_kind: String,
    /// The holder's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub holder_id: Uuid,
}

/// None: queries join by hand.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
