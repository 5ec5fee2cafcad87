//! Services as processes of their own: the trace goes through the broker's headers and the database.

use crate::receiver::{Manner, Receiver};
use crate::story::Story;
use anyhow::{Result, ensure};
use reelmill_tests::clips;
use reelmill_tests::cluster::{Cluster, Storage};
use reelmill_tests::wait::secs;
use std::collections::BTreeSet;

#[tokio::test]
async fn one_trace_goes_through_all_services() -> Result<()> {
    let receiver = Receiver::start(Manner::Takes).await?;
    let cluster = Cluster::builder()
        .storage(Storage::Moto)
        .set("otel.endpoint", &receiver.endpoint)
        .start()
        .await?;
    let api = cluster.api();
    let dir = tempfile::tempdir()?;
    let film = clips::drawn(dir.path(), "film.mp4", "320x180", 2.0).await?;
    let job = api.make(&film, &["mkv", "avi"]).await?;
    api.ends(&job, "completed", secs(90)).await?;
    cluster.finish().await?;

    let story = Story::of(&receiver, &job)?;
    story.whole(2)?;
    story.unbroken("PUT /api/v1/uploads", "")?;
    let services: BTreeSet<&str> = story.spans.iter().map(|s| s.service.as_str()).collect();
    let all = ["reelmill-encoder", "reelmill-status", "reelmill-webapp"];
    ensure!(services == BTreeSet::from(all), "{services:?}");
    for span in &story.spans {
        let expected = match span.name.as_str() {
            "upload finished" | "job submitted" => "reelmill-webapp",
            "task dispatched" | "output published" | "job hint" => "reelmill-status",
            name if name.starts_with("event ") => "reelmill-status",
            name if name.starts_with("task ") || name.starts_with("ff") => "reelmill-encoder",
            _ => continue,
        };
        ensure!(span.service == expected, "{span:?}");
    }
    for (service, metric) in [
        ("reelmill-webapp", "reelmill_jobs_submitted_total"),
        ("reelmill-status", "reelmill_task_releases_total"),
        ("reelmill-status", "reelmill_workers"),
        ("reelmill-encoder", "reelmill_encode_speed"),
    ] {
        ensure!(
            receiver.has_metric(service, metric),
            "no {metric} of {service}"
        );
    }
    let logs = receiver.logs();
    for service in all {
        let stopped = logs
            .iter()
            .any(|log| log.service == service && log.body.contains("stopping"));
        ensure!(stopped, "the last words of {service} are missing");
    }
    Ok(())
}
