//! From URLs to adapters: the only place that names them. What can't work is refused before anything is opened.

mod storage;
mod url;

use anyhow::{Context, anyhow};
use reelmill_broker::{Broker, BrokerError};
use reelmill_embedded::EmbeddedBroker;
use reelmill_folder::FolderStore;
use reelmill_objects::ObjectStore;
use reelmill_rabbitmq::{RabbitBroker, RabbitConfig};
use reelmill_runtime::config::{BrokerUrl, Config, DatabaseUrl, Role, World, world};
use reelmill_store::{Options, Store, StoreError};
use std::{path::PathBuf, sync::Arc};
use storage::Storage;

/// What a process will lean on, as its configuration says; nothing is open yet.
pub struct Wiring {
    world: World,
    database: Options,
    storage: Storage,
    broker_ca: Option<PathBuf>,
    /// What the broker's administrator sees.
    name: String,
}

/// What the services lean on.
pub struct Backends {
    /// The database, up to date; none for a worker alone.
    pub store: Option<Store>,
    /// The broker.
    pub broker: Arc<dyn Broker>,
    /// The object store.
    pub objects: Arc<dyn ObjectStore>,
    /// The same, where it is a folder: `encode` takes sources in without copying them.
    pub folder: Option<Arc<FolderStore>>,
}

/// Why something can't be opened.
pub enum NotOpen {
    /// It will never work as configured.
    Wrong(anyhow::Error),
    /// It may work later.
    Away(anyhow::Error),
}

/// Object store and, where it is one, folder.
pub type Objects = (Arc<dyn ObjectStore>, Option<Arc<FolderStore>>);

/// Chooses the adapters, or says in one line why the configuration can't work.
pub fn plan(role: Role, config: &Config) -> anyhow::Result<Wiring> {
    let world = world(role, config)?;
    let own_database = matches!(world.database, Some(DatabaseUrl::Sqlite(_)));
    let storage = storage::plan(&world.storage, config, own_database)?;
    Ok(Wiring {
        storage,
        database: Options {
            pool: config.database.pool,
            ca_file: config.database.ca_file.clone(),
            ..Options::default()
        },
        broker_ca: config.broker.ca_file.clone(),
        name: name(role, config),
        world,
    })
}

fn name(role: Role, config: &Config) -> String {
    let part = match role {
        Role::All => "serve",
        Role::Webapp => "webapp",
        Role::Status => "status",
        Role::Encoder => "encoder",
    };
    format!("reelmill {part} on {}", config.encoder.name)
}

impl Wiring {
    /// Everything lives in this process and on its disk: what can't be opened now won't open later.
    pub fn is_local(&self) -> bool {
        self.has_own_database() && self.has_own_broker() && self.has_own_objects()
    }

    /// No other process has the database, as long as the lock on its folder is held.
    pub fn has_own_database(&self) -> bool {
        matches!(self.world.database, Some(DatabaseUrl::Sqlite(_)))
    }

    /// No other process has the broker, and it keeps nothing.
    pub fn has_own_broker(&self) -> bool {
        self.world.broker == BrokerUrl::Embedded
    }

    /// The object store is a folder.
    pub fn has_own_objects(&self) -> bool {
        self.storage.is_folder()
    }

    /// What this process calls itself.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which database; none for a worker alone.
    pub fn database(&self) -> Option<&DatabaseUrl> {
        self.world.database.as_ref()
    }

    /// The file of an embedded database.
    pub fn database_file(&self) -> Option<&PathBuf> {
        match &self.world.database {
            Some(DatabaseUrl::Sqlite(path)) => Some(path),
            _ => None,
        }
    }

    /// Opens the database and brings it up to date; `None` for a worker alone.
    pub async fn open_store(&self) -> Result<Option<Store>, NotOpen> {
        let Some(database) = &self.world.database else {
            return Ok(None);
        };
        let store = self.connect(database).await?;
        store.migrate().await.map_err(|error| {
            let what = "can't bring the database up to date";
            self.failed(database, error, what)
        })?;
        Ok(Some(store))
    }

    /// Opens the database as it is.
    pub async fn connect(&self, database: &DatabaseUrl) -> Result<Store, NotOpen> {
        let url = match database {
            DatabaseUrl::Mysql(url) => url.expose().to_owned(),
            DatabaseUrl::Sqlite(path) => {
                if let Some(folder) = path.parent() {
                    std::fs::create_dir_all(folder)
                        .with_context(|| format!("can't make the folder {}", folder.display()))
                        .map_err(NotOpen::Wrong)?;
                }
                url::sqlite(path)
            }
        };
        Store::connect_with(&url, &self.database)
            .await
            .map_err(|error| self.failed(database, error, "can't open the database"))
    }

    fn failed(&self, database: &DatabaseUrl, error: StoreError, what: &str) -> NotOpen {
        let wrong = matches!(error, StoreError::BadUrl { .. });
        let (shown, local) = match database {
            DatabaseUrl::Sqlite(path) => (path.display().to_string(), true),
            DatabaseUrl::Mysql(url) => (url.to_string(), false),
        };
        let error = anyhow!(error).context(format!("{what} {shown}"));
        match wrong || local {
            true => NotOpen::Wrong(error),
            false => NotOpen::Away(error),
        }
    }

    /// Opens the broker. One that is elsewhere connects by itself, sooner or later.
    pub async fn open_broker(&self) -> Result<Arc<dyn Broker>, NotOpen> {
        let given = match &self.world.broker {
            BrokerUrl::Embedded => return Ok(EmbeddedBroker::new()),
            BrokerUrl::Amqp(url) => url,
        };
        let config = RabbitConfig {
            url: url::amqp(given.expose(), self.broker_ca.as_deref()),
            connection_name: self.name.clone(),
        };
        let opened = RabbitBroker::connect(config).await;
        let broker = opened.map_err(|error| {
            let wrong = matches!(error, BrokerError::Misconfigured { .. });
            let error = anyhow!(error).context(format!("can't use the broker {given}"));
            match wrong {
                true => NotOpen::Wrong(error),
                false => NotOpen::Away(error),
            }
        })?;
        Ok(broker)
    }

    /// Opens the object store.
    pub async fn open_objects(&self) -> Result<Objects, NotOpen> {
        let opened = self.storage.open().await;
        opened.map_err(|error| NotOpen::Wrong(anyhow!(error)))
    }

    /// Opens everything, once.
    pub async fn open(&self) -> Result<Backends, NotOpen> {
        let (objects, folder) = self.open_objects().await?;
        Ok(Backends {
            store: self.open_store().await?,
            broker: self.open_broker().await?,
            objects,
            folder,
        })
    }
}

impl From<NotOpen> for anyhow::Error {
    fn from(not: NotOpen) -> Self {
        match not {
            NotOpen::Wrong(error) | NotOpen::Away(error) => error,
        }
    }
}

#[cfg(test)]
mod tests;
