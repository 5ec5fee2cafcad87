//! What all open streams hear: one reader of the stories for all of them, whoever told: this process, webapp, another replica.
//! Streams that miss something read the table themselves.

use crate::core::Core;
use reelmill_domain::{api::ProgressView, id::JobId};
use reelmill_store::{
    StoreError,
    events::{self, Told},
    read::told_after,
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::sync::broadcast::{self, Receiver, Sender};

/// Lines read at once.
const BATCH: u64 = 500;
/// How often the table is read without being woken: what others told wakes nobody here.
const EVERY: Duration = Duration::from_millis(300);
/// How much a slow client may lag behind before it must read the table.
const LAG: usize = 1024;

/// What is heard.
#[derive(Debug, Clone)]
pub enum Heard {
    /// A line, after every smaller id.
    Line {
        /// The line before it, in this order.
        after: i64,
        /// This line.
        line: Arc<Told>,
    },
    /// A job's story goes on; its line comes in order once every smaller id is visible.
    GoesOn(JobId),
    /// How far a job is.
    Progress(Arc<ProgressView>),
}

/// Where it is heard.
pub struct Feed(Sender<Heard>);

impl Default for Feed {
    fn default() -> Self {
        Self(Sender::new(LAG))
    }
}

impl Feed {
    /// Hears everything from now on.
    pub fn listen(&self) -> Receiver<Heard> {
        self.0.subscribe()
    }

    /// Whether anybody listens.
    pub fn is_heard(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// Tells everybody.
    pub fn say(&self, what: Heard) {
        if let Err(broadcast::error::SendError(_)) = self.0.send(what) {
            tracing::trace!("nobody listens");
        }
    }
}

/// How far the reader is.
#[derive(Debug, Default)]
struct Place {
    /// Every line up to this one was told.
    settled: i64,
    /// Lines beyond it of which it was told that they are there.
    seen: BTreeSet<i64>,
}

/// Reads for ever.
pub async fn run(core: &Core) {
    let mut place: Option<Place> = None;
    loop {
        if core.feed.is_heard() {
            match read(core, &mut place).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::debug!(%error, "the stories can't be read"),
            }
        } else {
            place = None;
        }
        tokio::select! {
            () = core.wakeups.stories.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Tells what is new; whether there is more to be read at once.
async fn read(core: &Core, place: &mut Option<Place>) -> Result<bool, StoreError> {
    let db = core.store.db();
    let place = match place {
        Some(place) => place,
        None => place.insert(Place {
            settled: events::beginning(db).await?,
            seen: BTreeSet::new(),
        }),
    };
    let told = events::after(db, place.settled, BATCH).await?;
    let more = told.len() as u64 == BATCH;
    for line in told {
        let after = std::mem::replace(&mut place.settled, line.id);
        let line = Arc::new(line);
        core.feed.say(Heard::Line { after, line });
    }
    place.seen = place.seen.split_off(&(place.settled + 1));
    if !more {
        for (id, job) in told_after(db, place.settled, BATCH).await? {
            if place.seen.insert(id) {
                core.feed.say(Heard::GoesOn(job));
            }
        }
    }
    Ok(more)
}
