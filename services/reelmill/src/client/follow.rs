//! Follows jobs until they end. Asks again and again: that survives a server's restart, and any proxy between.

use super::{Client, Refused};
use crate::{
    outcome::Outcome,
    show::{job::ended, progress::Bars},
};
use reelmill_domain::{api::JobView, id::JobId};
use std::time::{Duration, Instant};

/// How often a job is looked at.
pub const EVERY: Duration = Duration::from_millis(400);
/// How long a server may be away meanwhile.
const AWAY: Duration = Duration::from_secs(60);

/// Shows a job's progress until it has ended; the job as it ended.
pub async fn follow(client: &Client, id: JobId, bars: &mut Bars) -> anyhow::Result<JobView> {
    let mut seen = Instant::now();
    loop {
        match client.get::<JobView>(&format!("/api/v1/jobs/{id}")).await {
            Ok(job) => {
                seen = Instant::now();
                bars.show("", &job);
                if ended(&job) {
                    return Ok(job);
                }
            }
            // The server has answered: no use in asking again.
            Err(e) if e.is::<Refused>() => return Err(e),
            Err(e) if seen.elapsed() > AWAY => return Err(e),
            Err(_) => {}
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// How an ended job lets the command end.
pub fn outcome(job: &JobView) -> Outcome {
    match job.state.as_str() {
        "completed" => Outcome::Done,
        _ => Outcome::SomeFailed,
    }
}
