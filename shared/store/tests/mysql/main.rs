//! The suite on MySQL or MariaDB, and what only many connections to a server can show.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that fails says where"
)]

#[macro_use]
#[path = "../suite/mod.rs"]
mod suite;

mod database;
mod fill;
mod migrations;
mod outage;
mod plans;
mod proxy;
mod server;
mod together;

use database::Database;

macro_rules! run {
    ($($module:ident :: $test:ident),* $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            let database = Database::migrated().await;
            suite::$module::$test(&database.store).await;
        }
    )*};
}

every_test!(run);
