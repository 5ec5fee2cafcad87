//! Which database, broker and object store the URLs choose, and which choices a service must refuse. Pure: opens nothing.

use super::{Config, ConfigError, Secret};
use std::path::PathBuf;

/// What a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// All three services.
    All,
    /// webapp alone.
    Webapp,
    /// status alone.
    Status,
    /// A worker alone: has no database.
    Encoder,
}

/// What `database.url` chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file, absolute.
    Sqlite(PathBuf),
    /// A server.
    Mysql(Secret),
}

/// What `broker.url` chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrokerUrl {
    /// In this process.
    Embedded,
    /// RabbitMQ.
    Amqp(Secret),
}

/// What `storage.url` chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageUrl {
    /// A folder, absolute.
    Folder(PathBuf),
    /// S3.
    S3(Secret),
    /// OpenStack Swift.
    Swift(Secret),
}

/// The three choices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// The database; absent for a worker alone.
    pub database: Option<DatabaseUrl>,
    /// The broker.
    pub broker: BrokerUrl,
    /// The object store.
    pub storage: StorageUrl,
}

/// What the URLs choose for a process of this role, or why it must not start.
pub fn world(role: Role, config: &Config) -> Result<World, ConfigError> {
    let broker = broker(&config.broker.url);
    let storage = storage(&config.storage.url)?;
    let database = match role {
        Role::Encoder => None,
        _ => Some(database(&config.database.url)?),
    };
    if role != Role::All {
        if broker == BrokerUrl::Embedded {
            return Err(refuse(
                "`broker.url = embedded:` lives inside one process: a single service needs `amqp://…` (or run `reelmill serve`)",
            ));
        }
        if matches!(database, Some(DatabaseUrl::Sqlite(_))) {
            return Err(refuse(
                "`database.url = sqlite:…` serves one process: a single service needs `mysql://…` (or run `reelmill serve`)",
            ));
        }
    }
    if matches!(broker, BrokerUrl::Amqp(_))
        && matches!(storage, StorageUrl::Folder(_))
        && !config.storage.shared
    {
        return Err(refuse(
            "`broker.url = amqp…` brings workers on other machines, but `storage.url = file:…` is this machine's own: \
             use `s3://…` or `swift://…`, or set `storage.shared = true` if every machine sees that folder",
        ));
    }
    Ok(World {
        database,
        broker,
        storage,
    })
}

fn database(url: &Secret) -> Result<DatabaseUrl, ConfigError> {
    match rest(url, "sqlite") {
        Some(path) => folder("database.url", path).map(DatabaseUrl::Sqlite),
        None => Ok(DatabaseUrl::Mysql(url.clone())),
    }
}

fn broker(url: &Secret) -> BrokerUrl {
    match rest(url, "embedded") {
        Some(_) => BrokerUrl::Embedded,
        None => BrokerUrl::Amqp(url.clone()),
    }
}

fn storage(url: &Secret) -> Result<StorageUrl, ConfigError> {
    if let Some(path) = rest(url, "file") {
        return folder("storage.url", path).map(StorageUrl::Folder);
    }
    Ok(match rest(url, "s3") {
        Some(_) => StorageUrl::S3(url.clone()),
        None => StorageUrl::Swift(url.clone()),
    })
}

/// What follows `scheme:`.
fn rest<'a>(url: &'a Secret, scheme: &str) -> Option<&'a str> {
    url.expose().strip_prefix(scheme)?.strip_prefix(':')
}

/// The path of `scheme:relative`, `scheme:/absolute` or `scheme:///absolute`.
fn folder(key: &str, path: &str) -> Result<PathBuf, ConfigError> {
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() {
        return Err(ConfigError::World(format!(
            "`{key}` names no path: write it after the `:`"
        )));
    }
    std::path::absolute(path)
        .map_err(|e| ConfigError::World(format!("`{key}`: {path} is no usable path ({e})")))
}

fn refuse(why: &str) -> ConfigError {
    ConfigError::World(why.to_owned())
}
