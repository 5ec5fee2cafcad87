//! `sources`: media files that came in, with what the probe found out.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sources")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is; empty while nobody signs in.
    pub owner: String,
    /// The name it came with; never a path.
    pub name: String,
    /// Its stored file; the row there is gone once nobody holds it.
    pub file_id: Uuid,
    /// Where its bytes lie, or lay.
    pub object_key: String,
    /// Its size.
    pub bytes: i64,
    /// Hex; null until probed.
    pub sha256: Option<String>,
    /// `domain::media::Media`; null until probed.
    pub media_json: Option<String>,
    /// When it was made.
    pub created_at: i64,
}

/// None: queries join by hand.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
