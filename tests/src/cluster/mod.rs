//! The services as processes of the built executable, over real servers: what fault tests break and end-to-end tests use.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use reelmill_tests::cluster::{Cluster, Storage};
//! let mut cluster = Cluster::builder().webapps(2).encoders(3).storage(Storage::S3).start().await?;
//! let job = cluster.api().make(&reelmill_tests::clips::bunny(), &["mkv"]).await?;
//! cluster.encoder(0).kill().await?;
//! cluster.api().ends(&job, "completed", reelmill_tests::wait::secs(120)).await?;
//! cluster.finish().await
//! # }
//! ```
//!
//! Every cluster has a database, a vhost, a bucket and folders of its own, gone when it is dropped. Never imports a service.

mod builder;
mod database;
mod front;
mod invariants;
mod objects;
mod process;
mod rabbit;
mod servers;

pub use builder::{Builder, Storage};
pub use database::Database;
pub use front::Front;
pub use objects::{Objects, S3, Stored, Swift};
pub use process::{Process, Role};
pub use rabbit::{Queue, Rabbit};
pub use servers::Servers;

use crate::api::Api;
use crate::procs;
use crate::wait::{secs, until, until_true};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use tempfile::TempDir;

/// A running cluster.
pub struct Cluster {
    // Dropped in this order: processes before what they lean on, the folders last.
    front: Front,
    processes: Vec<Process>,
    objects: Objects,
    rabbit: Rabbit,
    database: Database,
    servers: Servers,
    settings: builder::Settings,
    home: TempDir,
}

impl Cluster {
    /// One of each service over S3, unless said otherwise.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The API through the front.
    pub fn api(&self) -> Api {
        self.front.api()
    }

    /// The front.
    pub fn front(&self) -> &Front {
        &self.front
    }

    /// The n-th webapp.
    pub fn webapp(&mut self, n: usize) -> &mut Process {
        self.nth(Role::Webapp, n)
    }

    /// The n-th status.
    pub fn status(&mut self, n: usize) -> &mut Process {
        self.nth(Role::Status, n)
    }

    /// The n-th encoder.
    pub fn encoder(&mut self, n: usize) -> &mut Process {
        self.nth(Role::Encoder, n)
    }

    #[allow(
        clippy::panic,
        reason = "a test that asks for a process it never started is wrong itself"
    )]
    fn nth(&mut self, role: Role, n: usize) -> &mut Process {
        let mut of_role = self.processes.iter_mut().filter(|p| p.role() == role);
        match of_role.nth(n) {
            Some(process) => process,
            None => panic!("this cluster has no {role} {n}"),
        }
    }

    /// Every process, in the order in which they were started.
    pub fn processes(&self) -> &[Process] {
        &self.processes
    }

    /// The processes and what they lean on, apart, so that several hands can disturb both at once.
    pub fn apart(&mut self) -> (&mut [Process], &Database, &Rabbit, &Servers) {
        (
            &mut self.processes,
            &self.database,
            &self.rabbit,
            &self.servers,
        )
    }

    /// Starts one more encoder, with settings of its own besides the common ones, and waits until it is ready.
    pub async fn add_encoder(&mut self, more: &[(&str, &str)]) -> Result<&mut Process> {
        let n = self.count(Role::Encoder);
        let mut process = self
            .settings
            .process(Role::Encoder, n, self.home.path(), more)?;
        process.launch().await?;
        self.processes.push(process);
        Ok(self.nth(Role::Encoder, n))
    }

    fn count(&self, role: Role) -> usize {
        self.processes.iter().filter(|p| p.role() == role).count()
    }

    /// The database, past all services.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The broker, past all services.
    pub fn rabbit(&self) -> &Rabbit {
        &self.rabbit
    }

    /// The object store, past all services.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// The servers under it.
    pub fn servers(&self) -> &Servers {
        &self.servers
    }

    /// Where its processes keep their files.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Waits until so many workers are live.
    pub async fn workers(&self, count: usize) -> Result<()> {
        let api = self.api();
        until("the workers to be heard", secs(30), || async {
            // The front may meet a replica that starts just now.
            let Ok(workers) = api.get("/api/v1/workers").await else {
                return Ok(None);
            };
            let items = workers["items"].as_array().context("no items")?;
            let live = items.iter().filter(|w| w["state"] == "live").count();
            Ok((live == count).then_some(()))
        })
        .await
    }

    /// Ends a test: everything is at rest and nothing is left over, then every process stops in order on SIGTERM.
    pub async fn finish(mut self) -> Result<()> {
        self.at_rest().await?;
        for process in &mut self.processes {
            if process.is_running() {
                let ended = process.terminate().await?;
                ensure!(ended.success(), "{} after SIGTERM: {ended}", process.name());
            }
            let log = process.log();
            ensure!(!log.contains("panicked at"), "{} panicked", process.name());
        }
        self.no_orphans().await?;
        for process in &mut self.processes {
            process.ended_well();
        }
        Ok(())
    }

    /// Waits until no media tool works for this cluster's encoders any more.
    pub async fn no_orphans(&self) -> Result<()> {
        let home = self.home.path().to_owned();
        until_true("media tools to be gone", secs(5), || {
            procs::media_tools_in(&home).is_empty()
        })
        .await
    }
}
