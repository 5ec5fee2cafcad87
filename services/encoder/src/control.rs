//! Obeys orders: stop a run at once, take nothing new. An order that is lost is given again with the next renewal.

use crate::worker::Worker;
use reelmill_broker::{Backoff, BrokerError};
use reelmill_domain::wire::{Order, SCHEMA};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Listens until `ended`.
pub async fn listen(worker: Arc<Worker>, ended: CancellationToken) {
    let mut backoff = Backoff::new();
    loop {
        tokio::select! {
            () = ended.cancelled() => return,
            end = hear(&worker, &mut backoff) => match end {
                Ok(()) => tracing::warn!("the broker ended the listening for orders; listening again"),
                Err(error) => tracing::warn!(%error, "orders can't be heard; trying again"),
            },
        }
        tokio::select! {
            () = ended.cancelled() => return,
            () = worker.until_broker_or(&mut backoff) => {}
        }
    }
}

async fn hear(worker: &Worker, backoff: &mut Backoff) -> Result<(), BrokerError> {
    let mut orders = worker.broker.listen_control().await?;
    while let Some(order) = orders.next().await {
        backoff.reset();
        if order.message.schema > SCHEMA {
            tracing::warn!(
                schema = order.message.schema,
                "a newer program gave this order; passed over"
            );
            continue;
        }
        follow(worker, order.message.order);
    }
    Ok(())
}

fn follow(worker: &Worker, order: Order) {
    match order {
        Order::Stop { runs } => {
            for run in runs {
                if worker.runs.stop(run) {
                    tracing::info!(%run, "stopped by order");
                }
            }
        }
        Order::Drain { worker: id, drain } if id == worker.id => {
            if worker.drained.send_replace(drain) != drain {
                tracing::info!(drain, "told whether to take new tasks");
                worker.news.notify_one();
            }
        }
        Order::Drain { .. } => {}
    }
}
