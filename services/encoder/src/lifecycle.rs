//! A worker's life: begin, serve, and end in order.

use crate::{
    EncoderConfig, EncoderError, access, consume, control, events, idle, renew, room,
    scratch::Scratch,
    standstill,
    worker::{LAST_WORDS, Worker},
};
use reelmill_broker::{Backoff, Broker};
use reelmill_domain::{id::WorkerId, wire::WorkerEventBody};
use reelmill_objects::ObjectStore;
use std::{sync::Arc, time::Duration};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Takers of one pool at most: more of them start no more tasks in a second, and cost a channel each.
const TAKERS: u16 = 16;

/// Of the time that a worker has to end in, so much is left for its goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// Runs a worker until `shutdown`, or until it has been idle for as long as configured: then it takes nothing new, finishes what it runs within its grace or gives it
/// back, and says goodbye.
///
/// # Errors
/// Its scratch folder can't be used, or a part of it broke. Trouble with broker or store is waited out, not returned.
pub async fn run(
    config: EncoderConfig,
    broker: Arc<dyn Broker>,
    objects: Arc<dyn ObjectStore>,
    shutdown: CancellationToken,
) -> Result<(), EncoderError> {
    let id = WorkerId(Uuid::now_v7());
    let scratch = open_scratch(&config, id).await?;
    let folder = config.scratch.clone();
    let stopping = shutdown.child_token();
    let worker = Worker::new(id, config, broker, objects, scratch, stopping);
    let worker = Arc::new(worker.map_err(|source| EncoderError::Scratch { folder, source })?);
    room::look(&worker);
    tracing::info!(worker = %id, name = worker.config.name, slots = worker.config.slots, "the encoder begins");
    if !open_lanes(&worker).await {
        return Ok(());
    }

    let ended = CancellationToken::new();
    let mut watches = JoinSet::new();
    watches.spawn(renew::renew(worker.clone(), ended.clone()));
    watches.spawn(control::listen(worker.clone(), ended.clone()));
    watches.spawn(room::watch(worker.clone(), ended.clone()));
    watches.spawn(access::watch(worker.clone(), ended.clone()));
    watches.spawn(standstill::watch(worker.clone(), ended.clone()));
    watches.spawn(idle::watch(worker.clone(), ended.clone()));
    let mut takers = JoinSet::new();
    for pool in &worker.pools {
        for _ in 0..pool.slots.min(TAKERS) {
            takers.spawn(consume::serve(worker.clone(), pool.clone()));
        }
    }
    let served = tokio::select! {
        () = worker.stopping.cancelled() => Ok(()),
        Some(end) = takers.join_next() => before_its_time("taking of tasks", &worker, end),
        Some(end) = watches.join_next() => before_its_time("watching", &worker, end),
    };
    // Also when a part broke: what still runs is given back in order.
    worker.stopping.cancel();
    end(&worker, takers).await;
    ended.cancel();
    say_goodbye(&worker, watches).await;
    tracing::info!(worker = %id, "the encoder has ended");
    served
}

/// A part may end only when the worker does.
fn before_its_time(
    part: &'static str,
    worker: &Worker,
    end: Result<(), tokio::task::JoinError>,
) -> Result<(), EncoderError> {
    match end {
        Ok(()) if worker.stopping.is_cancelled() => Ok(()),
        Ok(()) => Err(EncoderError::Broke {
            part,
            cause: "it returned".into(),
        }),
        Err(cause) => Err(EncoderError::Broke {
            part,
            cause: cause.to_string(),
        }),
    }
}

async fn open_scratch(config: &EncoderConfig, id: WorkerId) -> Result<Scratch, EncoderError> {
    let folder = config.scratch.clone();
    let opened = tokio::task::spawn_blocking({
        let folder = folder.clone();
        move || Scratch::open(&folder, &id.to_string())
    });
    opened
        .await
        .map_err(std::io::Error::other)
        .and_then(|opened| opened)
        .map_err(|source| EncoderError::Scratch { folder, source })
}

/// Makes every lane known to the broker before the first renewal names it. False: asked to end before that.
async fn open_lanes(worker: &Worker) -> bool {
    let open = async {
        for lane in &worker.config.lanes {
            let mut backoff = Backoff::new();
            while let Err(error) = worker.broker.consume_tasks(lane).await {
                tracing::warn!(%lane, %error, "the lane can't be opened; trying again");
                tokio::time::sleep(backoff.pause()).await;
            }
        }
    };
    tokio::select! {
        () = open => true,
        () = worker.stopping.cancelled() => false,
    }
}

/// Lets running tasks end, within the grace; gives back what is left; deletes what nobody wants. Each step has its time, so
/// that the whole is over soon after the grace, whatever hangs.
async fn end(worker: &Worker, mut takers: JoinSet<()>) {
    let ends_by = worker.ends_by();
    let grace = ends_by - LAST_WORDS;
    let finished = async {
        while takers.join_next().await.is_some() {}
        worker.carriers.close();
        worker.carriers.wait().await;
    };
    if timeout_at(grace, finished).await.is_err() {
        let left = worker.runs.all().len();
        tracing::info!(left, "the grace is over; giving back what still runs");
        // What is still being taken goes back to the broker unacknowledged.
        takers.shutdown().await;
        worker.carriers.close();
        worker.runs.give_back();
        let given_back = ends_by - events::AFTER_RUNS;
        if timeout_at(given_back, worker.carriers.wait())
            .await
            .is_err()
        {
            tracing::error!("some runs could not be given back; their leases will lapse");
        }
    }
    worker.cleaners.close();
    // A store that is away must not take all the time of a worker that has nothing else to do.
    let cleaned = (ends_by - GOODBYE).min(Instant::now() + LAST_WORDS);
    if timeout_at(cleaned, worker.cleaners.wait()).await.is_err() {
        tracing::warn!("some files of ended runs stay for the sweeper");
    }
}

/// Status takes the worker off its list at once; without this it notices by the silence.
async fn say_goodbye(worker: &Worker, mut watches: JoinSet<()>) {
    let goodbye = async {
        while watches.join_next().await.is_some() {}
        events::publish(worker, &worker.event(WorkerEventBody::Bye)).await;
    };
    let latest = worker.ends_by().min(Instant::now() + LAST_WORDS);
    if timeout_at(latest, goodbye).await.is_err() {
        tracing::warn!("the broker never took the worker's goodbye");
    }
}
