//! What every part of the adapter shares: the clients, the names, and the room there is.

use crate::{S3Config, budget::Budget, client, clock::Clock, errors::Place, names::Names};
use aws_sdk_s3::Client;
use std::{path::PathBuf, sync::Arc};
use tokio::sync::OnceCell;

/// One bucket and the way to it.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// Speaks to the store.
    pub client: Client,
    /// Makes URLs for others.
    pub public: Client,
    /// The bucket's name.
    pub name: String,
    /// Names in it.
    pub names: Names,
    /// Room for what is on its way.
    pub budget: Budget,
    /// The folder for what finds no room in memory.
    pub spool: PathBuf,
    /// Requests at once for one file or upload.
    pub parallel: usize,
    /// How many part numbers the store has, once that was tried out.
    pub numbers: Arc<OnceCell<u32>>,
    /// The store's clock.
    pub clock: Clock,
    /// What failures are told of.
    pub place: Place,
}

impl Bucket {
    /// The bucket of a configuration; nothing is asked of it yet.
    pub async fn open(config: S3Config) -> Self {
        let clock = Clock::default();
        let (client, public) = client::open(&config, &clock).await;
        let parallel = config.parallel.max(1);
        Self {
            client,
            public,
            names: Names::below(&config.prefix),
            budget: Budget::new(config.memory_bytes, parallel),
            parallel,
            numbers: Arc::default(),
            clock,
            place: Place::of(&config),
            name: config.bucket,
            spool: config.spool,
        }
    }
}
