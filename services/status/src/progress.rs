//! Progress in from the broker, and out to the streams: latest value only, at most twice a second per job.

use crate::{core::Core, feed::Heard, view};
use reelmill_domain::{api::render::progress_view, id::JobId};
use reelmill_store::{StoreError, read};
use std::{sync::Arc, time::Duration};

/// Before another try at the broker.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the streams hear of it.
const EVERY: Duration = Duration::from_millis(500);

/// Listens for ever.
pub async fn listen(core: &Core) {
    loop {
        match core.broker.listen_progress().await {
            Ok(mut said) => {
                while let Some(delivery) = said.next().await {
                    core.latest.put(delivery.message);
                }
            }
            Err(error) => tracing::warn!(%error, "no progress comes in; trying again"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Tells the streams for ever.
pub async fn tell(core: &Core) {
    loop {
        tokio::time::sleep(EVERY).await;
        let changed = core.latest.take_changed();
        if changed.is_empty() || !core.feed.is_heard() {
            continue;
        }
        if let Err(error) = tell_of(core, &changed).await {
            tracing::debug!(%error, "progress was not told");
        }
    }
}

async fn tell_of(core: &Core, jobs: &[JobId]) -> Result<(), StoreError> {
    let db = core.store.db();
    let running = read::running(db).await?;
    let tallies = read::tallies(db, jobs).await?;
    for record in read::jobs(db, jobs).await? {
        let job = record.job;
        if job.state.is_terminal() {
            continue;
        }
        let (work, live) = (
            view::work(&tallies, job.id),
            view::live(core, &running, job.id),
        );
        let view = progress_view(&job, &work, &live);
        core.feed.say(Heard::Progress(Arc::new(view)));
    }
    Ok(())
}
