//! From URLs to adapters: the only place that names them.

use anyhow::bail;
use reelmill_runtime::config::{BrokerUrl, DatabaseUrl, StorageUrl, World};

/// Refuses, in one line, what this version has no adapter for.
pub fn usable(world: &World) -> anyhow::Result<()> {
    if let Some(DatabaseUrl::Mysql(url)) = &world.database {
        bail!("`database.url = {url}`: MySQL is not available yet, use `sqlite:PATH`");
    }
    if let BrokerUrl::Amqp(url) = &world.broker {
        bail!("`broker.url = {url}`: RabbitMQ is not available yet, use `embedded:`");
    }
    match &world.storage {
        StorageUrl::Folder(_) => Ok(()),
        StorageUrl::S3(url) => {
            bail!("`storage.url = {url}`: S3 is not available yet, use `file:DIR`")
        }
        StorageUrl::Swift(url) => {
            bail!("`storage.url = {url}`: Swift is not available yet, use `file:DIR`")
        }
    }
}
