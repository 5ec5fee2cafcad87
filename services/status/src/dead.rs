//! Messages that the broker gave up on: expired ones are released again, those delivered too often count one failure.

use crate::core::Core;
use reelmill_broker::DeadTask;
use reelmill_domain::{
    event::{Failure, TaskEvent},
    id::RunId,
    task::Task,
};
use reelmill_runtime::metrics;
use reelmill_store::{Change, StoreError, apply, reap};
use std::time::Duration;
use uuid::Uuid;

/// Before another try at broker or database.
const PAUSE: Duration = Duration::from_secs(1);

/// Consumes dead tasks for ever.
pub async fn run(core: &Core) {
    loop {
        match core.broker.consume_dead().await {
            Ok(mut dead) => {
                while let Some(delivery) = dead.next().await {
                    if let Err(error) = bury(core, &delivery.message).await {
                        // Its release lapses by itself, should the message get lost as well.
                        tracing::warn!(%error, "a dead task could not be looked at yet");
                        break;
                    }
                    if let Err(error) = delivery.ack().await {
                        tracing::debug!(%error, "a dead task will come again");
                        break;
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "no dead tasks come in; trying again"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn bury(core: &Core, dead: &DeadTask) -> Result<(), StoreError> {
    let message = &dead.message;
    let attempt = message.attempt;
    metrics::task_dead(dead.expired);
    // Its worker runs it, and had lost its channel before it could say that it has the message.
    if dead.expired && reap::is_held(core.store.db(), message.task).await? {
        return Ok(());
    }
    let what = |_: &Task, _| {
        Some(if dead.expired {
            TaskEvent::DispatchExpired { attempt }
        } else {
            let run = RunId(Uuid::now_v7());
            TaskEvent::Failed {
                attempt,
                run,
                failure: delivered_too_often(),
            }
        })
    };
    match apply(
        &core.store,
        message.job,
        Change::Task(message.task, &what),
        &core.policy(),
    )
    .await
    {
        Ok(after) => core.after(after).await,
        Err(error) if error.is_not_found() => {}
        // Nobody can read its job; it must not keep those behind it from being looked at.
        Err(error @ StoreError::Unreadable { .. }) => {
            tracing::error!(task = %message.task, %error, "a dead task was left aside");
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

fn delivered_too_often() -> Failure {
    Failure {
        code: "delivered_too_often".into(),
        message: "No worker that took this could begin it.".into(),
        log_tail: None,
        permanent: false,
        avoid_worker: false,
    }
}
