//! Events of one job in one transaction: a commit costs the same for one as for many.

use super::{
    change::{self, Make},
    span,
};
use crate::core::Core;
use reelmill_domain::{
    id::{JobId, RunId},
    wire::{RunRef, WorkerEvent, WorkerEventBody},
};
use reelmill_runtime::{metrics, trace};
use reelmill_store::{AfterCommit, Change, ConnectionTrait, Policy, StoreError, apply_in, sweeps};
use tracing::Span;

/// Applies them in their order, all or none.
pub async fn apply(core: &Core, job: JobId, events: &[&WorkerEvent]) -> Result<(), StoreError> {
    // Each in the trace of the run that told it; open until it is committed.
    let spans: Vec<Span> = events.iter().map(|event| span::of(event, job)).collect();
    let policy = match events.iter().any(|event| change::plans(event)) {
        true => core.planning_policy().await?,
        false => core.policy(),
    };
    let lease_ms = core.config.lease_ms();
    let changes: Vec<(RunRef, Make)> = events
        .iter()
        .filter_map(|event| change::of(event, lease_ms))
        .collect();
    let (changes, policy) = (&changes, &policy);
    let outcome = core
        .store
        .transact(|txn| async move {
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
    let after: Vec<AfterCommit> = after.into_iter().flatten().collect();
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
