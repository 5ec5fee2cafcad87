//! Carries one run from its start to what is told of it, and cleans up behind it.

use crate::{
    events,
    failure::{Fault, failed, no_scratch_space, scratch_failed},
    keys::Keys,
    progress::Reporter,
    runs::End,
    stages::{self, Run},
    start::Started,
    task_span,
    worker::Worker,
};
use reelmill_domain::{
    event::TaskResult,
    wire::{SCHEMA, WorkerEventBody},
};
use reelmill_runtime::metrics;
use std::{sync::Arc, time::Instant};
use tokio::sync::OwnedSemaphorePermit;

/// Runs a started task to its end. The slot is free when this returns.
pub async fn carry(worker: Arc<Worker>, started: Started, slot: OwnedSemaphorePermit) {
    let begun = Instant::now();
    let keys = Keys::default();
    let outcome = attempt(&worker, &started, &keys).await;
    let trace = started.trace();
    let Started {
        task,
        guard,
        entered,
        span,
    } = started;
    let (run, job) = (guard.run, task.job);
    let ended = guard.decide();
    let told = match (outcome, ended) {
        (_, Some(End::Stopped)) => None,
        (Ok(result), _) => Some(WorkerEventBody::Succeeded { run, job, result }),
        (Err(Fault::Failed(failure)), _) => Some(WorkerEventBody::Failed { run, job, failure }),
        (Err(Fault::Ended | Fault::NotHere), _) => Some(WorkerEventBody::Released { run, job }),
    };
    let outcome = outcome_name(told.as_ref());
    task_span::close(&span, outcome, told.as_ref());
    metrics::run_ended(task.spec.kind(), outcome, begun.elapsed());
    tracing::info!(task = %run.task, run = %run.run, outcome, "ended");
    let (keep, released) = (outcome == "succeeded", outcome == "released");
    if let Some(body) = told {
        events::tell(&worker, body, trace).await;
    }
    drop(guard);
    drop(entered);
    if !keep {
        // Not in the slot's time: the store may be slow, or away.
        let objects = worker.objects.clone();
        worker
            .cleaners
            .spawn(async move { keys.delete(&*objects).await });
    }
    if released {
        // So that a task that nobody else can take doesn't go round and round as fast as the broker carries it.
        tokio::select! {
            () = tokio::time::sleep(worker.config.renew_every) => {}
            () = worker.stopping.cancelled() => {}
        }
    }
    drop(slot);
}

async fn attempt(worker: &Worker, started: &Started, keys: &Keys) -> Result<TaskResult, Fault> {
    let Started {
        task,
        guard,
        entered,
        ..
    } = started;
    if task.schema > SCHEMA {
        tracing::warn!(task = %task.task, schema = task.schema, "a newer program wrote this task; given back");
        return Err(Fault::NotHere);
    }
    if task.avoid == Some(worker.id) && worker.returned.gives_back(task.task) {
        return Err(Fault::NotHere);
    }
    tokio::select! {
        () = entered.ready() => {}
        () = guard.token().cancelled() => return Err(Fault::Ended),
    }
    let wanted = worker.config.min_free_scratch;
    let free = worker.cache.make_free(wanted);
    if free.map_err(|e| scratch_failed(&e))? < wanted {
        return Err(failed(no_scratch_space()));
    }
    let name = guard.run.run.to_string();
    let folder = worker
        .scratch
        .run_folder(&name)
        .map_err(|e| scratch_failed(&e))?;
    let progress = Reporter::start(worker, task, guard.run);
    let run = Run {
        worker,
        task,
        run: guard.run,
        token: guard.token(),
        folder: folder.path(),
        progress: &progress,
        keys,
    };
    stages::perform(&run).await
}

fn outcome_name(told: Option<&WorkerEventBody>) -> &'static str {
    match told {
        None => "stopped",
        Some(WorkerEventBody::Succeeded { .. }) => "succeeded",
        Some(WorkerEventBody::Failed { .. }) => "failed",
        Some(_) => "released",
    }
}
