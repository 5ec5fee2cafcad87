//! A database of a test's own on MySQL or MariaDB, and plain SQL past all services.

use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, Connection, MySqlConnection};

/// A database with a random name; dropped with this.
#[derive(Debug)]
pub struct Database {
    admin: String,
    name: String,
}

impl Database {
    /// Makes one on the server of an admin URL without a database.
    pub async fn create(admin: &str) -> Result<Self> {
        let database = Self {
            admin: admin.trim_end_matches('/').to_owned(),
            name: format!("cluster_{}", uuid::Uuid::now_v7().simple()),
        };
        let mut connection = MySqlConnection::connect(&database.admin)
            .await
            .with_context(|| format!("reaching {admin}"))?;
        let sql = format!("CREATE DATABASE {} CHARACTER SET utf8mb4", database.name);
        sqlx::query(AssertSqlSafe(sql))
            .execute(&mut connection)
            .await?;
        Ok(database)
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("{}/{}", self.admin, self.name)
    }

    async fn connect(&self) -> Result<MySqlConnection> {
        let connection = MySqlConnection::connect(&self.url()).await;
        connection.with_context(|| format!("reaching {}", self.url()))
    }

    /// The one whole number that a query gives.
    pub async fn count(&self, sql: &str) -> Result<i64> {
        let query = sqlx::query_scalar(AssertSqlSafe(sql));
        let found = query.fetch_one(&mut self.connect().await?).await;
        found.with_context(|| sql.to_owned())
    }

    /// The one column of text that a query gives (`CAST(… AS CHAR)`, `LOWER(HEX(id))`).
    pub async fn texts(&self, sql: &str) -> Result<Vec<String>> {
        let query = sqlx::query_scalar(AssertSqlSafe(sql));
        let found = query.fetch_all(&mut self.connect().await?).await;
        found.with_context(|| sql.to_owned())
    }

    /// Changes rows; how many.
    pub async fn execute(&self, sql: &str) -> Result<u64> {
        let query = sqlx::query(AssertSqlSafe(sql));
        let done = query.execute(&mut self.connect().await?).await;
        Ok(done.with_context(|| sql.to_owned())?.rows_affected())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (admin, name) = (self.admin.clone(), self.name.clone());
        super::process::at_the_end("dropping a database", async move {
            let mut connection = MySqlConnection::connect(&admin).await?;
            let sql = format!("DROP DATABASE IF EXISTS {name}");
            sqlx::query(AssertSqlSafe(sql))
                .execute(&mut connection)
                .await?;
            Ok(())
        });
    }
}
