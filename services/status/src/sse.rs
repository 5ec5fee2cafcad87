//! Server-sent events from `job_events`: a client that comes back with `Last-Event-ID` misses nothing, on any replica and
//! after any restart. A stream reads the table at its beginning and whenever it missed something, and listens otherwise.

mod place;

use crate::{core::Core, feed::Heard, owner::OWNER};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use place::{Fits, Place};
use reelmill_domain::{
    api::{StreamDeleted, StreamJob, StreamOutput},
    event::Telling,
    id::JobId,
};
use reelmill_runtime::metrics;
use reelmill_store::{
    StoreError,
    events::{self, Told},
};
use serde::Serialize;
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::broadcast::error::RecvError;

/// Lines read at once.
const BATCH: u64 = 200;
/// Before the table is read again that could not be read.
const PAUSE: Duration = Duration::from_secs(1);
/// A stream reads the table this often even if it seems to miss nothing.
const LOOK: Duration = Duration::from_secs(30);
/// A comment this often keeps proxies from closing a quiet stream.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// What clients are told to wait before they come back.
const RETRY: Duration = Duration::from_millis(1000);

/// A job's stream after `seq`. It ends with the job's deletion.
pub fn of_job(
    core: Arc<Core>,
    job: JobId,
    seq: u64,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    answer(stream(core, Place::Job(job, seq)))
}

/// The stream of all jobs after `id`.
pub fn of_all(core: Arc<Core>, id: i64) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    answer(stream(core, Place::All(id)))
}

fn answer<S>(stream: S) -> Sse<impl Stream<Item = Result<Event, Infallible>>>
where
    S: Stream<Item = Result<Event, Infallible>> + Send + 'static,
{
    Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("alive"))
}

fn stream(
    core: Arc<Core>,
    mut place: Place,
) -> impl Stream<Item = Result<Event, Infallible>> + Send + 'static {
    let mut heard = core.feed.listen();
    async_stream::stream! {
        let _counted = metrics::event_stream();
        yield Ok(Event::default().retry(RETRY).comment("hello"));
        loop {
            let told = match read(&core, place).await {
                Ok(told) => told,
                Err(error) => {
                    tracing::debug!(%error, "a stream waits for the database");
                    tokio::select! {
                        () = core.closing.cancelled() => return,
                        () = tokio::time::sleep(PAUSE) => continue,
                    }
                }
            };
            let full = told.len() as u64 == BATCH;
            for line in &told {
                place = place.after(line);
                if line.owner == OWNER {
                    yield Ok(event(place, line));
                }
                if place.ends_with(line) {
                    return;
                }
            }
            if full {
                continue;
            }
            let look = tokio::time::sleep(LOOK);
            tokio::pin!(look);
            // Until something was missed.
            loop {
                let said = tokio::select! {
                    () = core.closing.cancelled() => return,
                    () = &mut look => break,
                    said = heard.recv() => said,
                };
                let (after, line) = match said {
                    Ok(Heard::Line { after, line }) => (after, line),
                    Ok(Heard::GoesOn(job)) if place.is_of(job) => break,
                    Ok(Heard::GoesOn(_)) => continue,
                    Ok(Heard::Progress(view)) => {
                        if place.shows(&view) {
                            yield Ok(named("progress", &*view));
                        }
                        continue;
                    }
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return,
                };
                match place.fits(after, &line) {
                    Fits::Not => continue,
                    Fits::Later => break,
                    Fits::Next => {}
                }
                place = place.after(&line);
                if line.owner == OWNER {
                    yield Ok(event(place, &line));
                }
                if place.ends_with(&line) {
                    return;
                }
            }
        }
    }
}

async fn read(core: &Core, place: Place) -> Result<Vec<Told>, StoreError> {
    match place {
        Place::Job(job, seq) => events::of_job(core.store.db(), job, seq, BATCH).await,
        Place::All(id) => events::after(core.store.db(), id, BATCH).await,
    }
}

fn event(place: Place, line: &Told) -> Event {
    let (job, seq) = (line.job, line.seq);
    let event = match &line.telling {
        Telling::Job { state } => named(
            "job",
            &StreamJob {
                job,
                seq,
                state: state.clone(),
            },
        ),
        Telling::Output { output, state } => named(
            "output",
            &StreamOutput {
                job,
                seq,
                output: *output,
                state: state.clone(),
            },
        ),
        Telling::Deleted => named("deleted", &StreamDeleted { job, seq }),
    };
    event.id(place.id())
}

/// Our types always become JSON; should one not, an empty event does no harm.
fn named<T: Serialize>(name: &str, data: &T) -> Event {
    let data = serde_json::to_string(data).unwrap_or_else(|_| "{}".to_owned());
    Event::default().event(name).data(data)
}
