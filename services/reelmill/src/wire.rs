//! From URLs to adapters: the only place that names them.

use anyhow::{Context, bail};
use reelmill_broker::Broker;
use reelmill_embedded::EmbeddedBroker;
use reelmill_folder::FolderStore;
use reelmill_runtime::config::{BrokerUrl, DatabaseUrl, StorageUrl, World};
use reelmill_store::Store;
use std::{path::Path, sync::Arc};

/// What the services lean on.
pub struct Backends {
    /// The database, up to date.
    pub store: Store,
    /// The broker.
    pub broker: Arc<dyn Broker>,
    /// The object store. As the folder that it is: `encode` takes sources in without copying them.
    pub folder: Arc<FolderStore>,
}

/// Opens what the URLs choose.
pub async fn open(world: &World) -> anyhow::Result<Backends> {
    let chosen = chosen(world)?;
    if let Some(folder) = chosen.database.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("can't make the folder {}", folder.display()))?;
    }
    let store = Store::connect(&sqlite_url(chosen.database))
        .await
        .with_context(|| format!("can't open the database {}", chosen.database.display()))?;
    store.migrate().await.with_context(|| {
        format!(
            "can't bring the database {} up to date",
            chosen.database.display()
        )
    })?;
    Ok(Backends {
        store,
        broker: EmbeddedBroker::new(),
        folder: FolderStore::open(chosen.objects)?,
    })
}

/// Refuses, in one line, what this version has no adapter for.
pub fn usable(world: &World) -> anyhow::Result<()> {
    chosen(world).map(|_| ())
}

/// The choices that there are adapters for.
struct Chosen<'a> {
    database: &'a Path,
    objects: &'a Path,
}

fn chosen(world: &World) -> anyhow::Result<Chosen<'_>> {
    let database = match &world.database {
        Some(DatabaseUrl::Sqlite(path)) => path,
        Some(DatabaseUrl::Mysql(url)) => {
            bail!("`database.url = {url}`: MySQL is not available yet, use `sqlite:PATH`")
        }
        None => bail!("a worker alone is not available yet, use `reelmill serve`"),
    };
    if let BrokerUrl::Amqp(url) = &world.broker {
        bail!("`broker.url = {url}`: RabbitMQ is not available yet, use `embedded:`");
    }
    let objects = match &world.storage {
        StorageUrl::Folder(path) => path,
        StorageUrl::S3(url) => {
            bail!("`storage.url = {url}`: S3 is not available yet, use `file:DIR`")
        }
        StorageUrl::Swift(url) => {
            bail!("`storage.url = {url}`: Swift is not available yet, use `file:DIR`")
        }
    };
    Ok(Chosen { database, objects })
}

/// The path as a URL: what a URL would take for something else is escaped.
fn sqlite_url(path: &Path) -> String {
    let mut url = String::from("sqlite:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'%' | b'?' | b'#' => url.push_str(&format!("%{byte:02X}")),
            0x20..=0x7e => url.push(char::from(*byte)),
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
    url
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests speak by panicking")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_database_lies_where_its_path_says() {
        let dir = tempfile::tempdir().unwrap();
        let odd = dir.path().join("50% of what? #1 ü").join("reelmill.db");
        let world = World {
            database: Some(DatabaseUrl::Sqlite(odd.clone())),
            broker: BrokerUrl::Embedded,
            storage: StorageUrl::Folder(dir.path().join("objects")),
        };
        let opened = open(&world).await.unwrap();
        assert!(odd.is_file());
        opened.store.close().await.unwrap();
    }
}
