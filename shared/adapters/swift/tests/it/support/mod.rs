//! A container of its own for each test, on the Swift that `scripts/servers.sh start` runs; emptied and removed behind it.
#![allow(dead_code, reason = "no test file uses all of it")]

use reelmill_swift::{Secret, SwiftAuth, SwiftConfig, SwiftStore};
use serde_json::Value;
use std::sync::Arc;
use tempfile::TempDir;

pub const MIB: u64 = 1024 * 1024;

/// Where the real Swift's users log in.
pub fn auth_url() -> String {
    std::env::var("REELMILL_TEST_SWIFT_AUTH").expect(
        "REELMILL_TEST_SWIFT_AUTH is not set: run `scripts/servers.sh start` and set what it prints",
    )
}

/// The real Swift's user.
pub fn tester(url: &str) -> SwiftAuth {
    SwiftAuth::V1 {
        url: url.to_owned(),
        user: "test:tester".into(),
        key: Secret::new("testing"),
    }
}

/// A container that nobody else uses.
pub struct Fresh {
    pub config: SwiftConfig,
    pub folder: TempDir,
}

impl Fresh {
    /// With pieces of 1 MiB and segments of 2 MiB, so that small data makes several; `change` as you like.
    pub fn new(change: impl FnOnce(&mut SwiftConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let container = format!("t-{}", uuid::Uuid::new_v4().simple());
        let spool = folder.path().join("spool");
        let mut config = SwiftConfig::new(container, tester(&auth_url()), spool);
        config.piece_bytes = MIB;
        config.segment_bytes = 2 * MIB;
        change(&mut config);
        Self { config, folder }
    }

    /// Opens a store on it; another each time.
    pub fn open(&self) -> Arc<SwiftStore> {
        SwiftStore::open(self.config.clone()).unwrap()
    }

    /// Swift itself, beside the store.
    pub async fn raw(&self) -> Raw {
        Raw::log_in(&self.config.container).await
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        let container = self.config.container.clone();
        let clean = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async { Raw::log_in(&container).await.remove().await });
        });
        let cleaned = clean.join();
        if !std::thread::panicking() {
            cleaned.unwrap();
        }
    }
}

/// Swift by plain HTTP: what the store's promises are held against.
pub struct Raw {
    pub http: reqwest::Client,
    pub container: String,
    pub token: String,
}

impl Raw {
    /// Logs in.
    pub async fn log_in(container: &str) -> Self {
        let http = reqwest::Client::new();
        let login = http
            .get(auth_url())
            .header("X-Auth-User", "test:tester")
            .header("X-Auth-Key", "testing")
            .send()
            .await
            .unwrap();
        let header = |name: &str| login.headers()[name].to_str().unwrap().to_owned();
        Self {
            container: format!("{}/{container}", header("X-Storage-Url")),
            token: header("X-Auth-Token"),
            http,
        }
    }

    /// A request for an object of the container; for the container with an empty name.
    pub async fn ask(&self, method: reqwest::Method, name: &str) -> reqwest::Response {
        let url = match name {
            "" => self.container.clone(),
            name => format!("{}/{name}", self.container),
        };
        let request = self.http.request(method, url);
        let request = request.header("X-Auth-Token", &self.token);
        request.send().await.unwrap()
    }

    /// Everything that lies in the container, hidden or not.
    pub async fn names(&self) -> Vec<String> {
        let listing = self.ask(reqwest::Method::GET, "?format=json").await;
        if listing.status() == reqwest::StatusCode::NOT_FOUND {
            return Vec::new();
        }
        let listing: Vec<Value> = listing.json().await.unwrap();
        let name = |entry: &Value| entry["name"].as_str().unwrap().to_owned();
        listing.iter().map(name).collect()
    }

    /// The names of segments.
    pub async fn segments(&self) -> Vec<String> {
        let mut names = self.names().await;
        names.retain(|name| name.contains(".segments/"));
        names
    }

    async fn remove(&self) {
        for name in self.names().await {
            self.ask(reqwest::Method::DELETE, &name).await;
        }
        self.ask(reqwest::Method::DELETE, "").await;
    }
}
