//! Moves a lane's expired and given-up tasks to the dead. Sleeps until the next deadline; never polls.

use crate::queue::Queue;
use reelmill_broker::DeadTask;
use reelmill_domain::wire::TaskMessage;
use std::sync::Arc;
use tokio::time::{Instant, sleep_until};

/// Watches a lane until the broker is gone.
pub fn spawn(lane: Arc<Queue<TaskMessage>>, dead: Arc<Queue<DeadTask>>) {
    tokio::spawn(async move {
        loop {
            let changed = lane.changed.notified();
            let (gone, next) = lane.reap(Instant::now());
            for (message, expired) in gone {
                dead.push_over(DeadTask { message, expired });
            }
            tokio::select! {
                () = changed => {}
                () = at(next) => {}
                () = lane.closed.cancelled() => return,
            }
        }
    });
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
