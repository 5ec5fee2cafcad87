//! What was begun in the object store and never ended: of uploads that nobody knows, of runs that died while they stored
//! something. It shows in no listing, and costs space.

use super::SweepError;
use crate::core::Core;
use reelmill_domain::id::{JobId, UploadId};
use reelmill_objects::Unfinished;
use reelmill_runtime::metrics;
use reelmill_store::{StoreError, read, uploads};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

/// Where runs and uploads store things.
const PREFIXES: [&str; 3] = ["sources/", "work/", "outputs/"];
/// Left alone so long: its upload's row, or its run's end, may be on its way.
const GRACE: Duration = Duration::from_secs(600);

/// What was found before, and when first: not every store knows for how long something has not changed.
#[derive(Debug, Default)]
pub struct Leftovers {
    first_seen: BTreeMap<(String, String), Instant>,
}

impl Leftovers {
    /// Discards what nobody will go on with.
    pub async fn sweep(&mut self, core: &Core) -> Result<(), SweepError> {
        let now = Instant::now();
        let mut found = Vec::new();
        for prefix in PREFIXES {
            found.extend(core.objects.unfinished(prefix).await?);
        }
        let mut outcome = Ok(());
        let mut seen = BTreeMap::new();
        for what in found {
            let name = (what.key.clone(), what.id.clone());
            let first = self.first_seen.get(&name).copied().unwrap_or(now);
            seen.insert(name, first);
            let still = Duration::from_secs(what.age_s).max(now.duration_since(first));
            if still < GRACE || is_wanted(core, &what).await? {
                continue;
            }
            match core.objects.discard(&what).await {
                Ok(false) => {}
                Ok(true) => {
                    tracing::info!(
                        key = what.key,
                        id = what.id,
                        "discarded what was never ended"
                    );
                    metrics::swept("unfinished", 1);
                }
                Err(error) => outcome = Err(error.into()),
            }
        }
        self.first_seen = seen;
        outcome
    }
}

/// Whether somebody may go on with it: with an open upload for days, with what a run stores while its job goes on.
async fn is_wanted(core: &Core, what: &Unfinished) -> Result<bool, StoreError> {
    let db = core.store.db();
    let mut parts = what.key.split('/');
    match (parts.next(), parts.next()) {
        (Some("sources"), Some(id)) => {
            let Ok(id) = id.parse::<UploadId>() else {
                return Ok(false);
            };
            let upload = uploads::find(db, id).await?;
            Ok(upload.is_some_and(|u| !u.complete && !u.object_key.is_empty()))
        }
        (Some(_), Some(id)) => {
            let Ok(id) = id.parse::<JobId>() else {
                return Ok(false);
            };
            let jobs = read::jobs(db, &[id]).await?;
            Ok(jobs.iter().any(|record| !record.job.state.is_terminal()))
        }
        _ => Ok(true),
    }
}
