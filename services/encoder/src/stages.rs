//! The stages of a run: what each kind of task does, and what they share: inputs fetched, results stored and remembered.

mod assemble;
mod damaged;
mod encode;
mod probe;
mod thumbnails;

use crate::{
    failure::{Fault, failed, fetch_failed, lasting, scratch_failed, store_failed},
    progress::Reporter,
    worker::Worker,
};
use reelmill_domain::{
    event::TaskResult,
    id::OutputId,
    keys,
    spec::{Input, TaskSpec},
    wire::{RunRef, Stage, TaskMessage},
};
use reelmill_ffmpeg::{RunLimits, sha256::sha256_file};
use reelmill_objects::{ObjectMeta, ObjectStore};
use std::{
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};
use tokio_util::sync::CancellationToken;

/// Does what the task says.
pub async fn perform(run: &Run<'_>) -> Result<TaskResult, Fault> {
    match &run.task.spec {
        TaskSpec::Probe(spec) => probe::probe(run, spec).await,
        TaskSpec::Encode(spec) => encode::encode(run, spec).await,
        TaskSpec::Assemble(spec) => assemble::assemble(run, spec).await,
        TaskSpec::Thumbnails(spec) => thumbnails::thumbnails(run, spec).await,
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
            fetched = self.worker.objects.fetch(&input.key, &to) => fetched,
        };
        fetched.map_err(|e| fetch_failed(&e))?;
        Ok(to)
    }

    /// Stores a finished file. Not cut off by a stop, so that it is known what has to be deleted.
    pub async fn put(&self, key: String, file: &Path) -> Result<ObjectMeta, Fault> {
        if self.token.is_cancelled() {
            return Err(Fault::Ended);
        }
        self.keys.remember(&key);
        let put = self.worker.objects.put_file(&key, file).await;
        put.map_err(|e| store_failed(&e))
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
        keys::work(self.task.job, task, attempt, run, name)
    }

    /// The key of a file that the output offers.
    pub fn output_key(&self, output: OutputId, name: &str) -> String {
        let RunRef { attempt, run, .. } = self.run;
        keys::output(self.task.job, output, attempt, run, name)
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

/// The keys that a run has written, or begun to write.
#[derive(Default)]
pub struct Keys(Mutex<Vec<String>>);

impl Keys {
    fn remember(&self, key: &str) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.push(key.to_owned());
    }

    /// Deletes them; what can't be deleted now is found by the sweeper, which lists the job's prefix.
    pub async fn delete(self, objects: &dyn ObjectStore) {
        let keys = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            if let Err(error) = objects.delete(&key).await {
                tracing::warn!(key, %error, "a file of an ended run stays for the sweeper");
            }
        }
    }
}
