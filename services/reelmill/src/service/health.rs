//! What each service must be able to use before it can work.

use crate::wire::Backends;
use reelmill_broker::Broker;
use reelmill_objects::ObjectStore;
use reelmill_runtime::{config::Role, health::Health};
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
        async move { store.check().await.map_err(|e| e.to_string()) }
    })
}

fn objects(health: Health, objects: Arc<dyn ObjectStore>) -> Health {
    health.with("objects", move || {
        let objects = objects.clone();
        async move { objects.check().await.map_err(|e| e.to_string()) }
    })
}

async fn look_at(broker: Arc<dyn Broker>) -> Result<(), String> {
    broker.check().await.map_err(|e| e.to_string())
}
