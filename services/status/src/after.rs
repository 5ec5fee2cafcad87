//! What is left to be done after a commit. May fail: renewals are answered again, and every part looks by itself.

use crate::core::Core;
use reelmill_domain::{
    id::{RunId, WorkerId},
    wire::{Control, Order, SCHEMA},
};
use reelmill_runtime::metrics;
use reelmill_store::AfterCommit;

impl Core {
    /// Does it.
    pub async fn after(&self, after: Vec<AfterCommit>) {
        let mut runs = Vec::new();
        for what in after {
            match what {
                AfterCommit::Stop(run) => runs.push(run),
                AfterCommit::WakeDispatcher => self.wakeups.dispatch.notify_one(),
                AfterCommit::ReapWork => self.wakeups.sweep.notify_one(),
                AfterCommit::Ended(state) => metrics::job_ended(state),
                AfterCommit::Published(_) => {}
            }
        }
        self.wakeups.stories.notify_one();
        self.stop(runs).await;
    }

    /// Tells the workers to stop these runs.
    pub async fn stop(&self, runs: Vec<RunId>) {
        if !runs.is_empty() {
            self.order(Order::Stop { runs }).await;
        }
    }

    /// Tells a worker to take nothing new, or to take work again.
    pub async fn drain(&self, worker: WorkerId, drain: bool) {
        self.order(Order::Drain { worker, drain }).await;
    }

    async fn order(&self, order: Order) {
        let control = Control {
            schema: SCHEMA,
            order,
        };
        if let Err(error) = self.broker.publish_control(&control).await {
            tracing::warn!(%error, "an order to the workers got lost; the next renewal is answered again");
        }
    }
}
