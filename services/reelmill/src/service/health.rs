//! What each service must be able to use before it can work.

use crate::wire::Backends;
use reelmill_broker::{Broker, BrokerError};
use reelmill_objects::ObjectStore;
use reelmill_runtime::{
    config::Role,
    health::{Health, Unready},
};
use reelmill_store::Store;
use std::sync::Arc;

/// The checks of a service that has begun.
pub fn of(role: Role, backends: &Backends) -> Health {
    let mut health = Health::new();
    if let Some(store) = &backends.store {
        health = database(health, store.clone());
    }
    health = objects(health, backends.objects.clone());
    match role {
        // It takes jobs in without a broker: status finds them.
        Role::Webapp => {
            let broker = backends.broker.clone();
            health.with_note("broker", move || look_at(broker.clone()))
        }
        _ => {
            let broker = backends.broker.clone();
            health.with("broker", move || look_at(broker.clone()))
        }
    }
}

fn database(health: Health, store: Store) -> Health {
    health.with("database", move || {
        let store = store.clone();
        async move {
            let checked = store.check().await;
            checked.map_err(|e| Unready::because("unreachable", e))
        }
    })
}

fn objects(health: Health, objects: Arc<dyn ObjectStore>) -> Health {
    health.with("objects", move || {
        let objects = objects.clone();
        async move {
            let checked = objects.check().await;
            checked.map_err(|e| Unready::because(e.code(), e))
        }
    })
}

async fn look_at(broker: Arc<dyn Broker>) -> Result<(), Unready> {
    let checked = broker.check().await;
    checked.map_err(|e| match e {
        BrokerError::Misconfigured { .. } => Unready::because("misconfigured", e),
        _ => Unready::because("unreachable", e),
    })
}
