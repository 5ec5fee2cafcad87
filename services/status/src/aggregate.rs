//! Events in: each is one transaction, acknowledged after its commit. Nothing is dropped unread, and nothing that can never
//! be applied stops what comes after it.

use crate::core::Core;
use reelmill_domain::{
    event::{TaskEvent, TaskResult},
    id::JobId,
    task::Task,
    time::Timestamp,
    wire::{RunRef, SCHEMA, WorkerEvent, WorkerEventBody},
};
use reelmill_store::{AfterCommit, Change, StoreError, apply, renew::renew, sweeps, workers};
use std::time::Duration;

/// Before another try at broker or database.
const PAUSE: Duration = Duration::from_millis(500);
/// Tries of an event while the database is well otherwise. Then it is given up: a lost event costs a lease, not a job.
const TRIES: u32 = 5;

/// Consumes events for ever.
pub async fn run(core: &Core) {
    loop {
        match core.broker.consume_events().await {
            Ok(mut events) => {
                while let Some(delivery) = core.ears.next(&mut events).await {
                    take(core, &delivery.message).await;
                    if let Err(error) = delivery.ack().await {
                        tracing::warn!(%error, "an event will come again");
                        break;
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "no events come in; trying again"),
        }
        core.ears.deaf();
        tokio::time::sleep(PAUSE).await;
    }
}

/// Takes an event in, however long the database is away.
async fn take(core: &Core, event: &WorkerEvent) {
    if event.schema > SCHEMA {
        tracing::error!(event = %event.id, schema = event.schema, "an event of a newer version was left aside");
        return;
    }
    let mut tries = 0;
    while let Err(error) = apply_event(core, event).await {
        core.ears.deaf();
        // A full disk is an outage too: what is read may be well, what is written is not.
        let database_is_well = !error.is_full() && core.store.check().await.is_ok();
        tries += u32::from(database_is_well);
        if tries >= TRIES || (database_is_well && !transient(&error)) {
            tracing::error!(event = %event.id, %error, "an event can't be applied and was left aside");
            return;
        }
        tracing::warn!(event = %event.id, %error, "an event could not be applied yet");
        tokio::time::sleep(PAUSE).await;
    }
}

fn transient(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Database { .. } | StoreError::Conflict { .. }
    )
}

async fn apply_event(core: &Core, event: &WorkerEvent) -> Result<(), StoreError> {
    let worker = event.worker;
    match &event.body {
        WorkerEventBody::Renewal { info, runs } => {
            let stop = renew(&core.store, info, runs, core.config.lease_ms()).await?;
            core.stop(stop).await;
            crate::drain::remind(core, info).await
        }
        WorkerEventBody::Started { run, job } => {
            let RunRef {
                attempt, run: id, ..
            } = *run;
            let lease_ms = core.config.lease_ms();
            let started = |_: &Task, now: Timestamp| {
                let lease_until = now.plus_ms(lease_ms);
                Some(TaskEvent::Started {
                    attempt,
                    run: id,
                    worker,
                    lease_until,
                })
            };
            to_task(core, *job, run, &started, false).await.map(drop)
        }
        WorkerEventBody::Succeeded { run, job, result } => {
            let RunRef {
                attempt, run: id, ..
            } = *run;
            let plans = matches!(result, TaskResult::Probed { .. });
            let succeeded = |_: &Task, _| {
                Some(TaskEvent::Succeeded {
                    attempt,
                    run: id,
                    result: result.clone(),
                })
            };
            let in_vain = to_task(core, *job, run, &succeeded, plans).await?;
            // The worker keeps the files of a result that it told, and this one nobody will ever use.
            if in_vain && sweeps::sweep_late(core.store.db(), *job).await? {
                core.bells.sweep.notify_one();
            }
            Ok(())
        }
        WorkerEventBody::Failed { run, job, failure } => {
            let RunRef {
                attempt, run: id, ..
            } = *run;
            let failed = |_: &Task, _| {
                Some(TaskEvent::Failed {
                    attempt,
                    run: id,
                    failure: failure.clone(),
                })
            };
            to_task(core, *job, run, &failed, false).await.map(drop)
        }
        WorkerEventBody::Released { run, job } => {
            let RunRef {
                attempt, run: id, ..
            } = *run;
            let released = |_: &Task, _| Some(TaskEvent::Released { attempt, run: id });
            to_task(core, *job, run, &released, false).await.map(drop)
        }
        WorkerEventBody::Bye => {
            workers::bye(core.store.db(), worker).await?;
            Ok(())
        }
    }
}

/// Applies what happened to a task. Whether its run worked in vain, as every run of a job does that was deleted.
async fn to_task(
    core: &Core,
    job: JobId,
    run: &RunRef,
    what: reelmill_store::MakeTaskEvent<'_>,
    plans: bool,
) -> Result<bool, StoreError> {
    let policy = if plans {
        core.planning_policy().await?
    } else {
        core.policy()
    };
    match apply(&core.store, job, Change::Task(run.task, what), &policy).await {
        Ok(after) => {
            let in_vain = after.contains(&AfterCommit::Stop(run.run));
            core.after(after).await;
            Ok(in_vain)
        }
        Err(error) if error.is_not_found() => {
            core.stop(vec![run.run]).await;
            Ok(true)
        }
        Err(error) => Err(error),
    }
}
