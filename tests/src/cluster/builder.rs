//! What a cluster is to be made of, and the settings that every process of it gets.

use super::objects::{Objects, S3, Swift};
use super::{Cluster, Database, Front, Process, Rabbit, Role, Servers};
use anyhow::Result;
use std::path::Path;

/// Which object store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Storage {
    /// Swift's S3 API.
    #[default]
    S3,
    /// moto's S3 API: quick, in memory.
    Moto,
    /// Swift itself.
    Swift,
    /// A folder that every process sees.
    SharedFolder,
}

/// A cluster to be.
#[derive(Debug, Default)]
pub struct Builder {
    webapps: Option<usize>,
    statuses: Option<usize>,
    encoders: Option<usize>,
    storage: Storage,
    servers: Option<Servers>,
    set: Vec<(String, String)>,
    env: Vec<(Option<Role>, String, String)>,
}

impl Builder {
    /// How many webapps; 1 unless said.
    #[must_use]
    pub fn webapps(mut self, count: usize) -> Self {
        self.webapps = Some(count);
        self
    }

    /// How many statuses; 1 unless said.
    #[must_use]
    pub fn statuses(mut self, count: usize) -> Self {
        self.statuses = Some(count);
        self
    }

    /// How many encoders, of one slot each unless set; 1 unless said.
    #[must_use]
    pub fn encoders(mut self, count: usize) -> Self {
        self.encoders = Some(count);
        self
    }

    /// Which object store; S3 unless said.
    #[must_use]
    pub fn storage(mut self, storage: Storage) -> Self {
        self.storage = storage;
        self
    }

    /// Servers of the test's own; the shared ones unless said.
    #[must_use]
    pub fn servers(mut self, servers: Servers) -> Self {
        self.servers = Some(servers);
        self
    }

    /// A configuration key for every process, e.g. `tasks.lease_s`; an empty value takes a default of this harness away.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl ToString) -> Self {
        self.set.push((key.to_owned(), value.to_string()));
        self
    }

    /// A variable of the environment for every process.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl ToString) -> Self {
        self.env.push((None, name.to_owned(), value.to_string()));
        self
    }

    /// A variable of the environment for every process of one service.
    #[must_use]
    pub fn env_of(mut self, role: Role, name: &str, value: impl ToString) -> Self {
        self.env
            .push((Some(role), name.to_owned(), value.to_string()));
        self
    }

    /// Starts all of it at once, and waits until everything is ready and every worker is heard.
    pub async fn start(self) -> Result<Cluster> {
        let servers = self.servers.unwrap_or_else(Servers::shared);
        let home = tempfile::Builder::new()
            .prefix("reelmill-cluster-")
            .tempdir()?;
        let database = Database::create(servers.get("MYSQL")?).await?;
        let rabbit = Rabbit::create(servers.get("AMQP")?, servers.get("AMQP_API")?).await?;
        let objects = match self.storage {
            Storage::S3 => Objects::S3(S3::create(servers.get("SWIFT_S3")?).await?),
            Storage::Moto => Objects::S3(S3::create(servers.get("MOTO")?).await?),
            Storage::Swift => Objects::Swift(Swift::create(servers.get("SWIFT_AUTH")?).await?),
            Storage::SharedFolder => Objects::Folder(home.path().join("objects")),
        };

        let mut set: Vec<(String, String)> = vec![
            ("database.url".into(), database.url()),
            ("broker.url".into(), rabbit.url()),
            ("encoder.slots".into(), "1".into()),
        ];
        set.extend(objects.settings());
        if self.storage != Storage::SharedFolder {
            set.push(("http.accel_redirect".into(), "true".into()));
        }
        set.extend(self.set);
        let settings = Settings { set, env: self.env };

        let mut processes = Vec::new();
        for (role, count) in [
            (Role::Webapp, self.webapps),
            (Role::Status, self.statuses),
            (Role::Encoder, self.encoders),
        ] {
            for n in 0..count.unwrap_or(1) {
                let mut process = settings.process(role, n, home.path(), &[])?;
                process.spawn()?;
                processes.push(process);
            }
        }
        for process in &mut processes {
            process.ready().await?;
        }
        let ports = |role: Role| -> Vec<u16> {
            let of_role = processes.iter().filter(|p| p.role() == role);
            of_role.map(Process::port).collect()
        };
        let front = Front::start(&ports(Role::Webapp), &ports(Role::Status)).await?;
        let encoders = ports(Role::Encoder).len();
        let cluster = Cluster {
            front,
            processes,
            objects,
            rabbit,
            database,
            servers,
            settings,
            home,
        };
        cluster.workers(encoders).await?;
        Ok(cluster)
    }
}

/// What every process is told.
#[derive(Debug)]
pub(super) struct Settings {
    set: Vec<(String, String)>,
    env: Vec<(Option<Role>, String, String)>,
}

impl Settings {
    /// A process to be, with everything that concerns it.
    pub(super) fn process(
        &self,
        role: Role,
        n: usize,
        home: &Path,
        more: &[(&str, &str)],
    ) -> Result<Process> {
        let mut process = Process::new(role, n, home)?;
        for (key, value) in &self.set {
            // A worker has no business with the database, and must do without it.
            if role != Role::Encoder || !key.starts_with("database.") {
                process.set(key, value);
            }
        }
        for (of, name, value) in &self.env {
            if of.is_none_or(|of| of == role) {
                process.env(name, value);
            }
        }
        for (key, value) in more {
            process.set(key, value);
        }
        Ok(process)
    }
}
