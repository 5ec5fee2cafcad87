//! Events of one job in one transaction: a commit costs the same for one as for many.

use super::{
    change::{self, Make},
    span,
};
use crate::core::Core;
use reelmill_domain::{
    id::{JobId, RunId, WorkerId},
    wire::{RunRef, WorkerEvent, WorkerEventBody},
};
use reelmill_runtime::{metrics, trace};
use reelmill_store::{
    AfterCommit, Change, ConnectionTrait, Policy, StoreError, apply_in, sweeps, workers,
};
use std::{collections::BTreeSet, time::Duration};
use tokio::time::Instant;
use tracing::Span;

/// How long the start of a worker waits for what that worker said of itself before.
const UNHEARD: Duration = Duration::from_secs(3);
/// How often that is looked for.
const LOOK: Duration = Duration::from_millis(50);

/// Applies them in their order, all or none.
pub async fn apply(core: &Core, job: JobId, events: &[&WorkerEvent]) -> Result<(), StoreError> {
    // Each in the trace of the run that told it; open until it is committed.
    let spans: Vec<Span> = events.iter().map(|event| span::of(event, job)).collect();
    let policy = match events.iter().any(|event| change::plans(event)) {
        true => core.planning_policy().await?,
        false => core.policy(),
    };
    let refused = refused(core, events).await?;
    let lease_ms = core.config.lease_ms();
    let changes: Vec<(RunRef, Make)> = events
        .iter()
        .filter_map(|event| change::of(event, lease_ms, !refused.contains(&event.worker)))
        .collect();
    let (changes, policy) = (&changes, &policy);
    // Events may come twice whatever the database does: a second time they change nothing.
    let outcome = core
        .store
        .transact_repeatable(|txn| async move {
            let mut after = Vec::new();
            for (run, make) in changes {
                after.push(one(&*txn, job, run, make, policy).await?);
            }
            Ok::<_, StoreError>(after)
        })
        .await;
    let after = outcome.inspect_err(|error| {
        for span in &spans {
            trace::failed(span, error);
        }
    })?;
    for (span, after) in spans.iter().zip(&after) {
        span::published(span, job, after);
    }
    drop(spans);
    let mut after: Vec<AfterCommit> = after.into_iter().flatten().collect();
    for event in events {
        if let WorkerEventBody::Started { run, .. } = &event.body
            && refused.contains(&event.worker)
        {
            tracing::warn!(worker = %event.worker, task = %run.task, "a worker that is not enabled started a task, which another gets");
            metrics::event_refused("not_admitted");
            after.push(AfterCommit::Stop(run.run));
        }
    }
    let in_vain = |run: RunId| after.contains(&AfterCommit::Stop(run));
    let mut rubbish = false;
    for event in events {
        match &event.body {
            // The worker keeps the files of a result that it told, and these nobody will ever use.
            WorkerEventBody::Succeeded { run, .. } => rubbish |= in_vain(run.run),
            WorkerEventBody::Failed { run, failure, .. } if !in_vain(run.run) => {
                metrics::task_failed(&failure.code);
            }
            _ => {}
        }
    }
    core.after(after).await;
    if rubbish && sweeps::sweep_late(core.store.db(), job).await? {
        core.wakeups.sweep.notify_one();
    }
    Ok(())
}

/// Who starts a task here and may not: where an operator admits workers, those whom he hasn't enabled.
async fn refused(core: &Core, events: &[&WorkerEvent]) -> Result<BTreeSet<WorkerId>, StoreError> {
    let mut refused = BTreeSet::new();
    if !core.config.require_enable {
        return Ok(refused);
    }
    for event in events {
        if matches!(event.body, WorkerEventBody::Started { .. })
            && !refused.contains(&event.worker)
            && !is_admitted(core, event.worker).await?
        {
            refused.insert(event.worker);
        }
    }
    Ok(refused)
}

/// A worker speaks of itself before it starts anything, but another shard or another replica takes that in: who was not heard
/// yet is waited for.
async fn is_admitted(core: &Core, worker: WorkerId) -> Result<bool, StoreError> {
    let begun = Instant::now();
    loop {
        match workers::is_admitted(core.store.db(), worker).await? {
            Some(admitted) => return Ok(admitted),
            None if begun.elapsed() >= UNHEARD => return Ok(false),
            None => tokio::time::sleep(LOOK).await,
        }
    }
}

/// What is to be done after the commit. Every run of a job that was deleted worked in vain.
async fn one<C: ConnectionTrait>(
    txn: &C,
    job: JobId,
    run: &RunRef,
    make: &Make,
    policy: &Policy,
) -> Result<Vec<AfterCommit>, StoreError> {
    match apply_in(txn, job, Change::Task(run.task, make), policy).await {
        Err(error) if error.is_not_found() => Ok(vec![AfterCommit::Stop(run.run)]),
        outcome => outcome,
    }
}
