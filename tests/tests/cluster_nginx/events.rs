//! Server-sent events through the front: each at once, unpacked, from status.

use crate::World;
use anyhow::{Context, Result, ensure};
use reelmill_tests::sse::Events;
use reelmill_tests::wait::secs;

#[tokio::test]
async fn events_come_one_by_one() -> Result<()> {
    let world = World::new().await?;
    for path in ["/api/v1/events", "/api/v1/jobs/019a9d8e/events"] {
        let mut api = world.front.api();
        let mut headers = reqwest::header::HeaderMap::new();
        headers.insert("accept-encoding", "gzip".parse()?);
        api.http = reqwest::Client::builder()
            .default_headers(headers)
            .build()?;
        let mut events = Events::open(&api, path, None).await?;
        // The second is not even made yet when the first is here.
        let first = events.next(secs(5)).await?.context("closed")?;
        ensure!(first.data["by"] == "status", "{first:?}");
        world.status.told.next_event.notify_one();
        let second = events.next(secs(5)).await?.context("closed")?;
        ensure!(second.id.as_deref() == Some("2"), "{second:?}");
    }
    Ok(())
}
