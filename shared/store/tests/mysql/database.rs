//! A database of a test's own on the server that `REELMILL_TEST_MYSQL` names; dropped with the test, also when it fails.

use reelmill_store::{ConnectionTrait, Store};
use sea_orm::{Database as SeaOrm, DbBackend, QueryResult, Statement};
use uuid::Uuid;

pub struct Database {
    admin: String,
    name: String,
    pub url: String,
    pub store: Store,
}

/// `mysql://USER@HOST:PORT`, without a database.
pub fn admin_url() -> String {
    std::env::var("REELMILL_TEST_MYSQL")
        .expect("REELMILL_TEST_MYSQL is not set: run scripts/servers.sh start, then eval \"$(scripts/servers.sh env)\"")
}

impl Database {
    /// An empty one on the common server.
    pub async fn empty() -> Self {
        Self::on(&admin_url()).await
    }

    /// One with tables.
    pub async fn migrated() -> Self {
        let database = Self::empty().await;
        database.store.migrate().await.unwrap();
        // Again: nothing to do is fine.
        database.store.migrate().await.unwrap();
        database
    }

    /// An empty one on a server. Its default character set is the most unfit, as many servers have it.
    pub async fn on(admin: &str) -> Self {
        let name = format!("reelmill_test_{}", Uuid::now_v7().simple());
        let create = format!("CREATE DATABASE {name} CHARACTER SET latin1");
        execute(admin, &create).await;
        let url = match admin.split_once('?') {
            Some((server, query)) => format!("{server}/{name}?{query}"),
            None => format!("{admin}/{name}"),
        };
        let store = Store::connect(&url).await.unwrap();
        Self {
            admin: admin.to_owned(),
            name,
            url,
            store,
        }
    }

    /// What a query finds.
    pub async fn rows(&self, sql: &str) -> Vec<QueryResult> {
        let statement = Statement::from_string(DbBackend::MySql, sql);
        self.store.db().query_all_raw(statement).await.unwrap()
    }

    /// Another process's view of it.
    pub async fn another(&self) -> Store {
        Store::connect(&self.url).await.unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (admin, drop) = (self.admin.clone(), format!("DROP DATABASE {}", self.name));
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(execute(&admin, &drop));
        });
        if dropped.join().is_err() {
            eprintln!("the database {} of a test could not be dropped", self.name);
        }
    }
}

pub async fn execute(admin: &str, sql: &str) {
    let db = SeaOrm::connect(admin).await.unwrap();
    db.execute_unprepared(sql).await.unwrap();
    db.close().await.unwrap();
}
