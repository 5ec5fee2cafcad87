//! What every part of status shares. Holds; does nothing by itself.

use crate::{
    config::StatusConfig, feed::Feed, judging::Judging, latest::LatestProgress, wakeups::Wakeups,
};
use reelmill_broker::Broker;
use reelmill_domain::lane::Lane;
use reelmill_objects::ObjectStore;
use reelmill_store::{Policy, Store, StoreError, workers};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

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

    /// The rules for a transition that may plan: threads as many as the smallest live worker that encodes has.
    pub async fn planning_policy(&self) -> Result<Policy, StoreError> {
        let lane = Lane::encode();
        let live = workers::live(self.store.db(), self.config.lease_ms()).await?;
        let encoders = live
            .iter()
            .filter(|w| w.info.lanes.iter().any(|l| l.lane == lane));
        let cores = encoders
            .map(|w| w.info.abilities.cores)
            .min()
            .unwrap_or(1)
            .max(1);
        Ok(Policy {
            cores,
            ..self.policy()
        })
    }
}
