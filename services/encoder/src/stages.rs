//! The stages of a run: what each kind of task does, and what they share: inputs fetched, results stored and remembered.

mod assemble;
#[cfg(feature = "bench")]
mod bench;
mod damaged;
mod encode;
mod probe;
mod thumbnails;

use crate::{
    access,
    doubts::Way,
    failure::{Fault, failed, fetch_failed, lasting, scratch_failed, store_failed},
    keys::Keys,
    progress::Reporter,
    storage::Retry,
    task_span::stage,
    worker::Worker,
};
use reelmill_domain::{
    event::TaskResult,
    id::OutputId,
    keys as names,
    spec::{Input, TaskSpec},
    wire::{RunRef, Stage, TaskMessage},
};
use reelmill_ffmpeg::{RunLimits, sha256::sha256_file};
use reelmill_objects::{ObjectError, ObjectMeta};
use reelmill_runtime::metrics;
use std::{
    io,
    path::{Path, PathBuf},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// Does what the task says.
pub async fn perform(run: &Run<'_>) -> Result<TaskResult, Fault> {
    match &run.task.spec {
        TaskSpec::Probe(spec) => probe::probe(run, spec).await,
        TaskSpec::Encode(spec) => encode::encode(run, spec).await,
        TaskSpec::Assemble(spec) => assemble::assemble(run, spec).await,
        TaskSpec::Thumbnails(spec) => thumbnails::thumbnails(run, spec).await,
        #[cfg(feature = "bench")]
        TaskSpec::Noop => bench::sleep(run, 0).await,
        #[cfg(feature = "bench")]
        TaskSpec::Sleep { ms } => bench::sleep(run, *ms).await,
    }
}

/// One run at work.
pub struct Run<'a> {
    /// Its worker.
    pub worker: &'a Worker,
    /// What is to be done.
    pub task: &'a TaskMessage,
    /// Which run of which attempt.
    pub run: RunRef,
    /// Cancelled when it is ended from outside.
    pub token: &'a CancellationToken,
    /// Its scratch folder.
    pub folder: &'a Path,
    /// How far it is.
    pub progress: &'a Reporter,
    /// The keys it has written.
    pub keys: &'a Keys,
}

impl Run<'_> {
    /// Makes an object available in the scratch folder under one of our own names.
    pub async fn fetch(&self, input: &Input, name: &str) -> Result<PathBuf, Fault> {
        let to = self.folder.join(name);
        self.progress.stage(Stage::Fetch, 0.0..0.0, 0, 0.0);
        let fetched = tokio::select! {
            () = self.token.cancelled() => return Err(Fault::Ended),
            fetched = self.worker.cache.fetch(input, &to).instrument(stage("fetch")) => fetched,
        };
        match fetched {
            Ok(asked) => {
                if asked {
                    self.worker.doubts.accepted(Way::In, &input.key);
                }
                Ok(to)
            }
            Err(error) => Err(self.trouble(Way::In, &input.key, &error).await),
        }
    }

    /// Stores a finished file. Cut off by a stop: then it is deleted with the run's other keys.
    pub async fn put(&self, key: String, file: &Path) -> Result<ObjectMeta, Fault> {
        if self.token.is_cancelled() {
            return Err(Fault::Ended);
        }
        self.keys.begin(&key);
        let begun = Instant::now();
        let put = tokio::select! {
            () = self.token.cancelled() => return Err(Fault::Ended),
            put = self.put_again(&key, file).instrument(stage("upload")) => put,
        };
        let stored = match put {
            Ok(stored) => stored,
            Err(error) => return Err(self.trouble(Way::Out, &key, &error).await),
        };
        self.keys.done();
        self.worker.doubts.accepted(Way::Out, &key);
        metrics::object_out(stored.bytes, begun.elapsed());
        Ok(stored)
    }

    /// What it means for this run that the store failed it in the end. A store that refuses the worker altogether (some say
    /// so with a bare 404), or one task after another, is not the task's fault: it goes back unharmed.
    async fn trouble(&self, way: Way, key: &str, error: &ObjectError) -> Fault {
        let refused = matches!(error, ObjectError::Misconfigured { .. });
        let suspicious = refused || matches!(error, ObjectError::NotFound { .. });
        let lets_nobody_in = async { suspicious && access::look(self.worker).await };
        let lets_nobody_in = tokio::select! {
            () = self.token.cancelled() => return Fault::Ended,
            lets_nobody_in = lets_nobody_in => lets_nobody_in,
        };
        if lets_nobody_in || refused && access::is_to_blame(self.worker, way, key, self.task.task) {
            return Fault::NotHere;
        }
        match way {
            Way::In => fetch_failed(error),
            Way::Out => store_failed(error),
        }
    }

    async fn put_again(&self, key: &str, file: &Path) -> Result<ObjectMeta, ObjectError> {
        let worker = self.worker;
        let mut retry = Retry::of_result(worker.config.store_retry);
        loop {
            match worker.objects.put_file(key, file).await {
                Err(error) if retry.after(&error).await => {
                    // While what is made waits, a worker that isn't let in takes nothing new.
                    if matches!(error, ObjectError::Misconfigured { .. })
                        && !*worker.refused.borrow()
                    {
                        access::look(worker).await;
                    }
                }
                done => return done,
            }
        }
    }

    /// SHA-256 of a file in the scratch folder, hex.
    pub async fn sha256(&self, file: &Path) -> Result<String, Fault> {
        let hashed = sha256_file(file, self.token).await;
        hashed.map_err(|e| match e.kind() {
            io::ErrorKind::Interrupted => Fault::Ended,
            _ => scratch_failed(&e),
        })
    }

    /// The key of a file that this run makes on the way.
    pub fn work_key(&self, name: &str) -> String {
        let RunRef { task, attempt, run } = self.run;
        names::work(self.task.job, task, attempt, run, name)
    }

    /// The key of a file that the output offers.
    pub fn output_key(&self, output: OutputId, name: &str) -> String {
        let RunRef { attempt, run, .. } = self.run;
        names::output(self.task.job, output, attempt, run, name)
    }

    /// The output that this task works for.
    pub fn output(&self) -> Result<OutputId, Fault> {
        self.task.output.ok_or_else(|| {
            failed(lasting(
                "bad_task",
                "The task names no output; this is a fault of the service.",
            ))
        })
    }

    /// What one ffmpeg of this run may use.
    pub fn limits(&self) -> RunLimits {
        RunLimits {
            stall: self.worker.config.stall,
            ..RunLimits::default()
        }
    }
}
