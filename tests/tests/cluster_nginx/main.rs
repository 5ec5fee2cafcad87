//! A real nginx with the project's configuration before stand-ins that tell what they got: every route, limit and header of
//! the front, without the services. Never needs a database, a broker or an object store.
#![allow(clippy::unwrap_used, reason = "tests speak by panicking")]

mod events;
mod failover;
mod limits;
mod media;
mod outside;
mod routes;
mod stands;
mod uploads;

use anyhow::Result;
use reelmill_tests::cluster::Front;
use stands::{Service, Store};

/// One webapp, one status, one object store, and a front before them.
struct World {
    webapp: Service,
    status: Service,
    store: Store,
    front: Front,
}

impl World {
    async fn new() -> Result<Self> {
        Self::with(&[]).await
    }

    /// With settings of the template.
    async fn with(settings: &[(&str, &str)]) -> Result<Self> {
        let store = Store::start().await?;
        let webapp = Service::start("webapp", &store).await?;
        let status = Service::start("status", &store).await?;
        let front = Front::start_with(&[webapp.port], &[status.port], settings).await?;
        Ok(Self {
            webapp,
            status,
            store,
            front,
        })
    }
}
