//! A database, a vhost and a bucket of a test's own on real servers, each behind a proxy that can be cut; gone afterwards.

use crate::{look::until, proxy::Proxy};
use reqwest::{Client, Method, RequestBuilder, Url};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement,
};
use std::{env, net::SocketAddr, path::PathBuf, process::Command};
use tokio::runtime::Runtime;

const ASK: &str = "the servers are not known: run `scripts/servers.sh start` and `eval \"$(scripts/servers.sh env)\"`";

/// What `scripts/servers.sh start` tells.
fn server(name: &str) -> Url {
    let text = env::var(name).unwrap_or_else(|_| panic!("{name}: {ASK}"));
    Url::parse(&text).unwrap()
}

fn address(url: &Url, port: u16) -> SocketAddr {
    let port = url.port().unwrap_or(port);
    format!("{}:{port}", url.host_str().unwrap())
        .parse()
        .unwrap()
}

/// The backends of one test.
pub struct Backends {
    name: String,
    runtime: Runtime,
    pub database: Proxy,
    pub broker: Proxy,
    pub objects: Proxy,
}

impl Backends {
    /// Makes them; the proxies are still cut.
    pub fn make() -> Self {
        let id = uuid::Uuid::now_v7().simple().to_string();
        let name = format!("reelmill-it-{}", &id[12..]);
        let made = Self {
            name,
            runtime: Runtime::new().unwrap(),
            database: Proxy::to(address(&server("REELMILL_TEST_MYSQL"), 3306)),
            broker: Proxy::to(address(&server("REELMILL_TEST_AMQP"), 5672)),
            objects: Proxy::to(address(&server("REELMILL_TEST_SWIFT_S3"), 80)),
        };
        made.sql(&format!("CREATE DATABASE `{}`", made.name));
        made.vhost(Method::PUT);
        made.container(Method::PUT);
        made
    }

    /// The same, with all proxies open.
    pub fn make_open() -> Self {
        let mut made = Self::make();
        made.open();
        made
    }

    /// Opens all proxies.
    pub fn open(&mut self) {
        self.database.open();
        self.broker.open();
        self.objects.open();
    }

    /// Tells a command where they are.
    pub fn tell<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let mysql = server("REELMILL_TEST_MYSQL");
        let amqp = server("REELMILL_TEST_AMQP");
        let name = &self.name;
        let user = |url: &Url| match url.password() {
            Some(password) => format!("{}:{password}", url.username()),
            None => url.username().to_owned(),
        };
        command
            .env(
                "REELMILL__DATABASE__URL",
                format!("mysql://{}@{}/{name}", user(&mysql), self.database.address),
            )
            .env(
                "REELMILL__BROKER__URL",
                format!("amqp://{}@{}/{name}", user(&amqp), self.broker.address),
            )
            .env("REELMILL__STORAGE__URL", format!("s3://{name}/work"))
            .env(
                "REELMILL__STORAGE__ENDPOINT",
                format!("http://{}", self.objects.address),
            )
            .env("REELMILL__STORAGE__ACCESS_KEY", "test:tester")
            .env("REELMILL__STORAGE__SECRET_KEY", "testing")
    }

    /// Tells a command where the database is, and nothing else.
    pub fn tell_database(&self, command: &mut Command) {
        let mut url = server("REELMILL_TEST_MYSQL");
        url.set_path(&self.name);
        command.env("REELMILL__DATABASE__URL", url.as_str());
    }

    /// Tells a command to speak TLS with the servers themselves.
    pub fn tell_tls(&self, command: &mut Command) {
        let name = &self.name;
        let mysql = server("REELMILL_TEST_MYSQL");
        let amqps = server("REELMILL_TEST_AMQPS");
        let verified = format!("{mysql}/{name}?ssl-mode=VERIFY_IDENTITY");
        command
            .env("REELMILL__DATABASE__URL", verified)
            .env("REELMILL__BROKER__URL", format!("{amqps}/{name}"));
    }

    /// The file of the authority that signed their certificates.
    pub fn authority() -> PathBuf {
        PathBuf::from(env::var("REELMILL_TEST_CA").expect(ASK))
    }

    /// Counts rows.
    pub fn count(&self, table: &str, which: &str) -> i64 {
        let count = format!(
            "SELECT COUNT(*) AS n FROM `{}`.`{table}` WHERE {which}",
            self.name
        );
        self.runtime.block_on(async {
            let db = Database::connect(server("REELMILL_TEST_MYSQL").as_str())
                .await
                .unwrap();
            let ask = Statement::from_string(DbBackend::MySql, count);
            let row = db.query_one_raw(ask).await.unwrap().unwrap();
            db.close().await.unwrap();
            row.try_get("", "n").unwrap()
        })
    }

    /// Gives the claim on the database to another process, as when it had lapsed.
    pub fn steal_claim(&self) {
        self.sql(&format!(
            "UPDATE `{}`.sole_claims SET holder = 'another', token = UNHEX(REPLACE(UUID(), '-', ''))",
            self.name
        ));
        assert_eq!(self.count("sole_claims", "holder = 'another'"), 1);
    }

    fn sql(&self, statement: &str) {
        self.runtime.block_on(async {
            let admin = server("REELMILL_TEST_MYSQL");
            let db = Database::connect(admin.as_str()).await.unwrap();
            db.execute_unprepared(statement).await.unwrap();
            db.close().await.unwrap();
        });
    }

    /// Locks a table against everyone as long as the returned connection is held, and waits until somebody waits for it.
    pub fn hold(&self, table: &str) -> Held<'_> {
        let admin = server("REELMILL_TEST_MYSQL");
        let mut options = ConnectOptions::new(admin.as_str());
        options.max_connections(1);
        let lock = format!("LOCK TABLES `{}`.`{table}` WRITE", self.name);
        let db = self.runtime.block_on(async {
            let db = Database::connect(options).await.unwrap();
            db.execute_unprepared(&lock).await.unwrap();
            db
        });
        let waits = format!(
            "SELECT id FROM information_schema.processlist WHERE db = '{}' AND state LIKE 'Waiting for table%'",
            self.name
        );
        until("somebody to wait for the lock", || {
            let ask = Statement::from_string(DbBackend::MySql, waits.clone());
            let found = self.runtime.block_on(db.query_all_raw(ask));
            !found.unwrap().is_empty()
        });
        Held {
            backends: self,
            db: Some(db),
        }
    }

    fn vhost(&self, method: Method) {
        let api = server("REELMILL_TEST_AMQP_API");
        let url = api.join(&format!("/api/vhosts/{}", self.name)).unwrap();
        self.send(|http| http.request(method, url));
    }

    /// By Swift's own API: the same container is the bucket.
    fn container(&self, method: Method) {
        let auth = server("REELMILL_TEST_SWIFT_AUTH");
        let login = self.send(|http| {
            let request = http.get(auth);
            request
                .header("X-Auth-User", "test:tester")
                .header("X-Auth-Key", "testing")
        });
        let said = |name: &str| login.headers()[name].to_str().unwrap().to_owned();
        let (storage, token) = (said("X-Storage-Url"), said("X-Auth-Token"));
        let at = format!("{storage}/{}", self.name);
        if method == Method::DELETE {
            let listed = self.send(|http| http.get(&at).header("X-Auth-Token", &token));
            let listed = self.runtime.block_on(listed.text()).unwrap();
            for object in listed.lines() {
                let url = format!("{at}/{object}");
                self.send(|http| http.delete(url).header("X-Auth-Token", &token));
            }
        }
        self.send(|http| http.request(method, at).header("X-Auth-Token", token));
    }

    fn send(&self, make: impl FnOnce(&Client) -> RequestBuilder) -> reqwest::Response {
        let http = Client::new();
        self.runtime.block_on(async {
            let answer = make(&http).send().await.unwrap();
            answer.error_for_status().unwrap()
        })
    }
}

/// A table that is locked until this is dropped.
pub struct Held<'a> {
    backends: &'a Backends,
    db: Option<DatabaseConnection>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(db) = self.db.take() {
            self.backends.runtime.block_on(db.close()).unwrap();
        }
    }
}

impl Drop for Backends {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // What is left tells why.
            return;
        }
        self.container(Method::DELETE);
        self.vhost(Method::DELETE);
        self.sql(&format!("DROP DATABASE `{}`", self.name));
    }
}
