//! Server-sent events from `job_events`: a client that comes back with `Last-Event-ID` misses nothing, on any replica and
//! after any restart. Being woken only says when to look; what is sent is what the table holds.

use crate::{core::Core, owner::OWNER};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use reelmill_domain::{
    api::{ProgressView, StreamDeleted, StreamJob, StreamOutput},
    event::Telling,
    id::JobId,
};
use reelmill_store::events::{self, Told};
use serde::Serialize;
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::broadcast::error::RecvError;

/// Lines read at once.
const BATCH: u64 = 200;
/// How often the table is read unasked: when the next id is not visible yet, nothing wakes anybody once it is.
const LOOK: Duration = Duration::from_secs(1);
/// A comment this often keeps proxies from closing a quiet stream.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// What clients are told to wait before they come back, in milliseconds.
const RETRY: Duration = Duration::from_millis(1000);

/// One stream or the other.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// A job's, after this number of its story.
    Job(JobId, u64),
    /// Everyone's, after this id.
    All(i64),
}

/// A job's stream after `seq`.
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
    let mut stories = core.wakeups.stories();
    let mut progress = core.wakeups.progress.subscribe();
    async_stream::stream! {
        yield Ok(Event::default().retry(RETRY).comment("hello"));
        loop {
            stories.mark_unchanged();
            match read(&core, place).await {
                Ok(told) => {
                    let full = told.len() as u64 == BATCH;
                    for line in told {
                        place = place.after(&line);
                        if line.owner == OWNER {
                            yield Ok(event(place, &line));
                        }
                    }
                    if full {
                        continue;
                    }
                }
                Err(error) => tracing::debug!(%error, "a stream waits for the database"),
            }
            // Progress goes out as it comes, until there is something to read.
            let look = tokio::time::sleep(LOOK);
            tokio::pin!(look);
            loop {
                tokio::select! {
                    () = core.closing.cancelled() => return,
                    _ = stories.changed() => break,
                    () = &mut look => break,
                    said = progress.recv() => match said {
                        Ok(view) if place.shows(&view) => yield Ok(named("progress", &*view)),
                        Ok(_) | Err(RecvError::Lagged(_)) => {}
                        Err(RecvError::Closed) => return,
                    },
                }
            }
        }
    }
}

async fn read(core: &Core, place: Place) -> Result<Vec<Told>, reelmill_store::StoreError> {
    match place {
        Place::Job(job, seq) => events::of_job(core.store.db(), job, seq, BATCH).await,
        Place::All(id) => events::after(core.store.db(), id, BATCH).await,
    }
}

impl Place {
    fn after(self, line: &Told) -> Self {
        match self {
            Self::Job(job, _) => Self::Job(job, line.seq),
            Self::All(_) => Self::All(line.id),
        }
    }

    fn shows(self, view: &ProgressView) -> bool {
        match self {
            Self::Job(job, _) => job == view.job,
            Self::All(_) => true,
        }
    }

    fn id(self) -> String {
        match self {
            Self::Job(_, seq) => seq.to_string(),
            Self::All(id) => id.to_string(),
        }
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
