//! `workers`: workers as they last spoke.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "workers")]
pub struct Model {
    /// Its id; new at each start of its process.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Its host's name, or as configured.
    pub name: String,
    /// `domain::worker::WorkerInfo` as last heard.
    pub info_json: String,
    /// `live`, `draining` or `disabled`: the operator's wish.
    pub wanted: String,
    /// It was ordered to drain, by us.
    pub drain_ordered: bool,
    /// When it was first heard.
    pub first_seen: i64,
    /// When it was last heard.
    pub seen_at: i64,
    /// When it said that it ends.
    pub gone_at: Option<i64>,
}

/// None: queries join by hand.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
