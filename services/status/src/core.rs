//! What every part of status shares. Holds; does nothing by itself.

use crate::{
    config::StatusConfig, feed::Feed, judging::Judging, latest::LatestProgress, wakeups::Wakeups,
};
use reelmill_broker::Broker;
use reelmill_domain::lane::Lane;
use reelmill_objects::ObjectStore;
use reelmill_store::{
    Policy, Store, StoreError,
    workers::{self, Worker},
};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// How long a worker that fell silent still says what workers here are like, in milliseconds.
const LATELY_MS: i64 = 24 * 3_600_000;

/// The shared parts.
pub struct Core {
    pub config: StatusConfig,
    pub store: Store,
    pub broker: Arc<dyn Broker>,
    pub objects: Arc<dyn ObjectStore>,
    pub wakeups: Wakeups,
    pub feed: Feed,
    pub latest: LatestProgress,
    pub judging: Judging,
    /// Cancelled when status stops: open streams end then.
    pub closing: CancellationToken,
}

impl Core {
    /// The rules for transitions that plan nothing.
    pub fn policy(&self) -> Policy {
        Policy {
            max_attempts: self.config.max_attempts,
            limits: self.config.limits,
            cores: 1,
            expire_after_s: self.config.retention_output_s,
        }
    }

    /// The rules for a transition that may plan: threads as many as the smallest live worker that encodes has. While none
    /// lives, those that were heard lately count, so that an outage changes no bytes.
    pub async fn planning_policy(&self) -> Result<Policy, StoreError> {
        let live = workers::live(self.store.db(), self.config.lease_ms()).await?;
        let cores = match smallest(&live) {
            Some(cores) => cores,
            None => {
                let lately = workers::heard_within(self.store.db(), LATELY_MS).await?;
                smallest(&lately).unwrap_or(1)
            }
        };
        Ok(Policy {
            cores: cores.max(1),
            ..self.policy()
        })
    }
}

/// Processors of the smallest of these that encodes.
fn smallest(workers: &[Worker]) -> Option<u16> {
    let lane = Lane::encode();
    let encoders = workers
        .iter()
        .filter(|w| w.info.lanes.iter().any(|l| l.lane == lane));
    encoders.map(|w| w.info.abilities.cores).min()
}
