//! Notices that this whole process stood still (stopped, its machine frozen) for longer than its lease. What it ran is
//! somebody else's by then: it is stopped at once, rather than when status says so. A broker that is away is no
//! standstill: then nobody judges leases either, and the work goes on.

use crate::worker::Worker;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// Looks this often within a lease.
const LOOKS: u32 = 20;

/// Watches until `ended`.
pub async fn watch(worker: Arc<Worker>, ended: CancellationToken) {
    let Some(lease) = worker.config.lease else {
        return ended.cancelled().await;
    };
    let (mut last, mut renewed) = (Instant::now(), worker.last_renewed());
    loop {
        tokio::select! {
            () = ended.cancelled() => return,
            () = tokio::time::sleep(lease / LOOKS) => {}
        }
        let now = Instant::now();
        // The silence as it was before this look: a renewal may have gone out first, and came too late.
        let (stood_still, silence) = (now.duration_since(last), now.duration_since(renewed));
        (last, renewed) = (now, worker.last_renewed());
        if lapsed(stood_still, silence, lease) {
            let stopped = worker.runs.stop_all();
            tracing::warn!(
                seconds = stood_still.as_secs(),
                stopped,
                "this process stood still for longer than its lease; its runs are not its own any more"
            );
        }
    }
}

/// Whether the lease lapsed because this process stood still: most of the silence was its own.
fn lapsed(stood_still: Duration, silence: Duration, lease: Duration) -> bool {
    stood_still > lease / 2 && silence > lease
}

#[cfg(test)]
mod tests {
    use super::lapsed;
    use std::time::Duration;

    #[test]
    fn a_standstill_is_told_from_a_broker_that_is_away() {
        let s = Duration::from_secs;
        assert!(lapsed(s(15), s(16), s(10)));
        assert!(lapsed(s(9), s(11), s(10)), "a second of silence before it");
        assert!(!lapsed(s(1), s(60), s(10)), "the broker is away");
        assert!(!lapsed(s(6), s(7), s(10)), "within the lease");
    }
}
