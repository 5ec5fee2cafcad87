//! `uploads`: resumable uploads: offset and lock live here, so any process can go on.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "uploads")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub owner: String,
    /// The name its owner gave; never a path.
    pub name: String,
    /// `Upload-Metadata` as it came, for HEAD.
    pub metadata: String,
    /// The whole size; null while the sender hasn't said.
    pub length: Option<i64>,
    /// Bytes that are stored durably.
    pub offset: i64,
    /// Where the whole will lie.
    pub object_key: String,
    /// Its stored file, once complete.
    pub file_id: Option<Uuid>,
    /// What the object store's upload sink wants to be told again.
    pub sink_json: String,
    /// Who may write; null when free.
    pub lock_token: Option<Uuid>,
    /// The lock is void after that.
    pub lock_until: Option<i64>,
    /// A HEAD asks the holder to let go.
    pub lock_break: bool,
    /// All of it is there.
    pub complete: bool,
    /// The source made of it, once a job used it.
    pub source_id: Option<Uuid>,
    /// Gone by then unless a job uses it.
    pub expires_at: Option<i64>,
    /// When it began.
    pub created_at: i64,
    /// W3C `traceparent` of its last byte.
    pub trace: Option<String>,
    /// The store may hold bytes of it. A service one version behind leaves this when they go.
    pub holds_bytes: bool,
}

/// None: queries join by hand.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
