//! Uploads say whether the store still holds bytes of theirs: the sweep finds those that expired without reading the rows
//! that only remember.

use super::ddl::{
    Part::{self, Up},
    add_column, add_index,
};
use sea_orm_migration::{prelude::*, schema::*};

/// Adds to the tables of `m0001`.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0003_swept"
    }
}

/// A service of the version before doesn't write the new column: its rows say that there are bytes until they are forgotten,
/// and are looked at once more for that.
const HELD: &[Part] = &[Up("holds_bytes"), Up("expires_at")];

const FILL: &str = "UPDATE uploads SET holds_bytes = FALSE WHERE object_key = ''";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = boolean("holds_bytes").default(true).take();
        add_column(manager, "uploads", column).await?;
        add_index(manager, "uploads", HELD).await?;
        manager.get_connection().execute_unprepared(FILL).await?;
        Ok(())
    }
}
