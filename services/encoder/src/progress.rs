//! How far a run is: the latest value only, at most four times a second, never backwards. May be lost.

use crate::worker::{Worker, now};
use reelmill_broker::Broker;
use reelmill_domain::wire::{Progress, RunRef, SCHEMA, Stage, TaskMessage};
use reelmill_ffmpeg::FfmpegProgress;
use std::{ops::Range, sync::Arc, time::Duration};
use tokio::{sync::watch, task::AbortHandle};

/// The pause after each message.
const AT_MOST_EVERY: Duration = Duration::from_millis(250);

/// Takes values as they come; a task of its own passes the latest on. Ends with the run.
pub struct Reporter {
    latest: watch::Sender<Latest>,
    passing_on: AbortHandle,
}

#[derive(Clone)]
struct Latest {
    progress: Progress,
    /// The share of the whole task that this stage takes.
    span: Range<f64>,
    /// Film length that this stage goes through, in seconds; 0 when unknown.
    duration_s: f64,
}

impl Reporter {
    /// Begins with nothing done.
    pub fn start(worker: &Worker, task: &TaskMessage, run: RunRef) -> Self {
        let (latest, heard) = watch::channel(Latest {
            progress: Progress {
                schema: SCHEMA,
                run,
                job: task.job,
                output: task.output,
                stage: Stage::Fetch,
                fraction: 0.0,
                frames_done: 0,
                frames_total: 0,
                speed: 0.0,
                at: now(),
            },
            span: 0.0..0.0,
            duration_s: 0.0,
        });
        let passing_on = tokio::spawn(pass_on(heard, worker.broker.clone()));
        Self {
            latest,
            passing_on: passing_on.abort_handle(),
        }
    }

    /// A stage begins, which takes `span` of the whole task, with so many frames and so much film to go through
    /// (0 when unknown).
    pub fn stage(&self, stage: Stage, span: Range<f64>, frames_total: u64, duration_s: f64) {
        self.latest.send_modify(|latest| {
            latest.progress.stage = stage;
            latest.progress.fraction = latest.progress.fraction.max(span.start);
            if frames_total > 0 {
                latest.progress.frames_total = frames_total;
            }
            latest.span = span;
            latest.duration_s = duration_s;
            latest.progress.at = now();
        });
    }

    /// So much of this stage is done, 0 to 1.
    pub fn fraction(&self, of_stage: f64) {
        self.latest.send_modify(|latest| latest.advance(of_stage));
    }

    /// What ffmpeg says of this stage.
    pub fn ffmpeg(&self, said: FfmpegProgress) {
        self.latest.send_modify(|latest| {
            let by_frames = share(said.frame as f64, latest.progress.frames_total as f64);
            let by_time = share(said.out_time_us as f64 / 1e6, latest.duration_s);
            latest.progress.frames_done = latest.progress.frames_done.max(said.frame);
            latest.progress.speed = said.speed;
            latest.advance(by_frames.or(by_time).unwrap_or(0.0));
        });
    }
}

impl Latest {
    fn advance(&mut self, of_stage: f64) {
        let Range { start, end } = self.span;
        let whole = start + (end - start) * of_stage.clamp(0.0, 1.0);
        self.progress.fraction = self.progress.fraction.max(whole);
        self.progress.at = now();
    }
}

fn share(done: f64, total: f64) -> Option<f64> {
    (total > 0.0).then(|| done / total)
}

impl Drop for Reporter {
    fn drop(&mut self) {
        // What is told last is the result, not a progress that overtook nothing.
        self.passing_on.abort();
    }
}

async fn pass_on(mut heard: watch::Receiver<Latest>, broker: Arc<dyn Broker>) {
    loop {
        // First a pause: of a task that is over sooner the result is the only news.
        tokio::time::sleep(AT_MOST_EVERY).await;
        let progress = heard.borrow_and_update().progress.clone();
        if let Err(error) = broker.publish_progress(&progress).await {
            tracing::debug!(%error, "a progress message was lost");
        }
        if heard.changed().await.is_err() {
            return;
        }
    }
}
