//! A server that dies, stands still, or whose answers get lost: every change is made once, or its caller is told.

use super::{
    database::Database,
    proxy::{Cut, Proxy},
    server::Server,
};
use crate::suite::fixture::count;
use reelmill_store::{ConnectionTrait, Store, StoreError};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// What came of the changes that a test tried.
#[derive(Default)]
struct Tally {
    /// How often a change was begun.
    begun: AtomicU64,
    /// Changes that were reported as made.
    made: AtomicU64,
    over: AtomicBool,
}

/// Writes `n` and counts how often that was begun.
async fn write(store: &Store, tally: &Tally, n: u64) -> Result<(), StoreError> {
    let change = store.transact(|txn| async move {
        tally.begun.fetch_add(1, Ordering::Relaxed);
        let sql = format!("INSERT INTO changes VALUES ({n})");
        txn.execute_unprepared(&sql)
            .await
            .map_err(|cause| StoreError::Database {
                attempt: "writing a change",
                cause,
            })?;
        Ok(())
    });
    change.await
}

/// No unique key: what is written twice is there twice.
async fn table(store: &Store) {
    let sql = "CREATE TABLE changes (n BIGINT NOT NULL, KEY (n))";
    store.db().execute_unprepared(sql).await.unwrap();
}

/// Changes by eight at once, until told to stop.
async fn changes(store: &Store, tally: &Arc<Tally>) -> Vec<tokio::task::JoinHandle<()>> {
    let mut writers = Vec::new();
    for writer in 0..8 {
        let (store, tally) = (store.clone(), tally.clone());
        writers.push(tokio::spawn(async move {
            for n in (writer * 1_000_000).. {
                if tally.over.load(Ordering::Relaxed) {
                    return;
                }
                let written = write(&store, &tally, n).await;
                written.expect("the server was not away for so long");
                tally.made.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    writers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_or_stands_still_loses_and_doubles_nothing() {
    let mut server = Server::start().await;
    let database = Database::on(&server.url()).await;
    database.store.migrate().await.unwrap();
    let store = &database.store;
    table(store).await;
    let tally = Arc::new(Tally::default());
    let writers = changes(store, &tally).await;
    let made = || tally.made.load(Ordering::Relaxed);
    let progress = async || {
        let (before, begun) = (made(), Instant::now());
        while made() < before + 50 {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "nothing is written any more"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    progress().await;
    for _ in 0..2 {
        server.crash().await;
        progress().await;
    }
    let (again, before, begun) = (tally.begun.load(Ordering::Relaxed), made(), Instant::now());
    assert!(again > before + 8, "the kills hit nothing that ran");
    server.freeze(Duration::from_secs(5)).await;
    progress().await;
    assert!(begun.elapsed() >= Duration::from_secs(5));
    tally.over.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(
        count(store, "changes", "TRUE").await.cast_unsigned(),
        made()
    );
    certificates_are_checked(&server, &database).await;
}

/// On the same server, since starting one takes seconds.
async fn certificates_are_checked(server: &Server, database: &Database) {
    let ca = server.ca_file().display().to_string();
    let cipher = async |store: &Store| -> String {
        let sql = "SHOW SESSION STATUS LIKE 'Ssl_cipher'";
        let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::MySql, sql);
        let row = store.db().query_one_raw(statement).await.unwrap().unwrap();
        row.try_get("", "Value").unwrap()
    };
    let with = |query: &str| format!("{}?{query}", database.url);
    let checked = Store::connect(&with(&format!("ssl-mode=VERIFY_IDENTITY&ssl-ca={ca}")))
        .await
        .unwrap();
    assert_ne!(cipher(&checked).await, "");
    let named = reelmill_store::Options {
        ca_file: Some(server.ca_file()),
        ..reelmill_store::Options::default()
    };
    let named_store = Store::connect_with(&database.url, &named).await.unwrap();
    assert_ne!(cipher(&named_store).await, "");
    let plain = Store::connect(&with("ssl-mode=DISABLED")).await.unwrap();
    assert_eq!(cipher(&plain).await, "");
    // Another authority, and another name.
    let strange = Store::connect(&with("ssl-mode=VERIFY_CA"))
        .await
        .unwrap_err();
    assert!(strange.to_string().contains("certificate"), "{strange}");
    let elsewhere = database.url.replace("127.0.0.1", "localhost");
    let misnamed = Store::connect_with(&elsewhere, &named).await.unwrap_err();
    assert!(misnamed.to_string().contains("certificate"), "{misnamed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_gets_lost_is_asked_for() {
    let database = Database::migrated().await;
    table(&database.store).await;
    let proxy = Proxy::start(&database.url).await;
    let store = Store::connect(&proxy.url).await.unwrap();
    // The server carries the commit out, or never hears of it: the change is there once either way.
    for (n, (cut, begun)) in [(Cut::Answer, 1), (Cut::Question, 2)]
        .into_iter()
        .enumerate()
    {
        let tally = Tally::default();
        proxy.cut_next_commit(cut);
        write(&store, &tally, n as u64).await.unwrap();
        assert!(proxy.has_cut(), "the fault did not hit");
        assert_eq!(tally.begun.load(Ordering::Relaxed), begun, "{cut:?}");
        assert_eq!(
            count(&database.store, "changes", &format!("n = {n}")).await,
            1,
            "{cut:?}"
        );
    }
}
