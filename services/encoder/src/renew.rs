//! Says once a second, in one message, that this worker lives and which runs it holds, whatever they are doing. A
//! stalled ffmpeg is its watchdog's business, not the lease's.

use crate::worker::Worker;
use reelmill_domain::wire::WorkerEventBody;
use reelmill_runtime::metrics;
use std::sync::Arc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Renews until `ended`.
pub async fn renew(worker: Arc<Worker>, ended: CancellationToken) {
    let mut beat = tokio::time::interval(worker.config.renew_every);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = true;
    loop {
        tokio::select! {
            () = ended.cancelled() => return,
            _ = beat.tick() => {}
            () = worker.news.notified() => {}
        }
        let info = worker.info();
        for lane in &info.lanes {
            metrics::free_slots(&lane.lane.0, lane.free);
        }
        let renewal = worker.event(WorkerEventBody::Renewal {
            info,
            runs: worker.runs.all(),
        });
        let said = tokio::select! {
            () = ended.cancelled() => return,
            said = worker.broker.publish_event(&renewal) => said,
        };
        metrics::renewed(said.is_ok());
        if said.is_ok() {
            worker.renewed();
        }
        match (said, heard) {
            (Ok(()), false) => {
                tracing::info!("renewals reach the broker again");
                worker.broker_back.notify_waiters();
            }
            // Once is enough: the same line every second helps nobody.
            (Err(ref error), true) => tracing::warn!(%error, "renewals don't reach the broker"),
            _ => continue,
        }
        heard = !heard;
    }
}
