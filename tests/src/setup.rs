//! How a server is to be started: its settings, its world, and on what its data lies.

use crate::server::Server;
use anyhow::{Context, Result};
use std::path::PathBuf;

/// Settings for a server under test. Defaults suit tests: two encode slots, quiet otherwise.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    pub(crate) env: Vec<(String, String)>,
    pub(crate) disk_bytes: Option<u64>,
}

impl Setup {
    /// The built-in defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// A configuration key, e.g. `limits.upload_bytes`.
    #[must_use]
    pub fn set(self, key: &str, value: impl ToString) -> Self {
        let name = format!("REELMILL__{}", key.replace('.', "__").to_uppercase());
        self.env(&name, value)
    }

    /// A variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl ToString) -> Self {
        self.env.push((name.to_owned(), value.to_string()));
        self
    }

    /// Puts the data on a file system of its own, of so many bytes, that goes away with the server.
    #[must_use]
    pub fn small_disk(mut self, bytes: u64) -> Self {
        self.disk_bytes = Some(bytes);
        self
    }

    /// Starts a server on a new data folder and waits until it is ready.
    pub async fn start(self) -> Result<Server> {
        Server::start(self).await
    }
}

/// The executable under test: `REELMILL_BIN`, or the one that was built beside this test.
pub fn executable() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("REELMILL_BIN") {
        let path = PathBuf::from(path);
        return path
            .canonicalize()
            .with_context(|| format!("REELMILL_BIN={} can't be used", path.display()));
    }
    let test = std::env::current_exe()?;
    let beside = test
        .parent()
        .and_then(|deps| deps.parent())
        .context("this test lies in no target folder")?
        .join("reelmill");
    beside.canonicalize().with_context(|| {
        format!(
            "{} is missing: run `cargo build -p reelmill` first, or set REELMILL_BIN",
            beside.display()
        )
    })
}
