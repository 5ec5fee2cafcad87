//! `ended_counts`: jobs that ended and are still there, by state: the sum of all rows of a state. Each end adds a row of its
//! own, so that no two transactions wait for one; the sweeper adds them up.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ended_counts")]
pub struct Model {
    /// Its number.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The state's API name.
    pub state: String,
    /// How many more; fewer when negative.
    pub jobs: i64,
}

/// None: queries join by hand.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
