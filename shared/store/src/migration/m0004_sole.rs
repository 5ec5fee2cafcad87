//! A place for the claim of a process that serves the database alone.

use super::ddl::exact_collation;
use sea_orm_migration::{prelude::*, schema::*};

/// Adds a table.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0004_sole"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create()
            .table(Alias::new("sole_claims"))
            .if_not_exists()
            .col(string_len("name", 64).primary_key().take())
            .col(uuid("folder"))
            .col(string_len("holder", 255))
            .col(uuid("token"))
            .col(big_integer("until"))
            .take();
        if let Some(collation) = exact_collation(manager).await? {
            table.character_set("utf8mb4").collate(collation);
        }
        manager.create_table(table).await
    }
}
