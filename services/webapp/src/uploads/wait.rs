//! Getting an upload free from a request that hangs.

use super::intake::Intake;
use crate::problems::of_store;
use reelmill_domain::id::UploadId;
use reelmill_runtime::http::ApiProblem;
use reelmill_store::uploads::{self, Upload};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a holder gets to store what it has. The one who waits then lives with the offset that is durable.
const PATIENCE: Duration = Duration::from_secs(4);
/// How often we look.
const LOOK: Duration = Duration::from_millis(50);

impl Intake {
    /// The upload, after whoever writes to it was asked to let go and has (or has had time enough).
    pub(super) async fn freed(&self, id: UploadId) -> Result<Upload, ApiProblem> {
        let begun = Instant::now();
        let mut asked = false;
        loop {
            let upload = self.find(id).await?;
            let now = reelmill_store::now(self.store.db())
                .await
                .map_err(|error| of_store(&error))?;
            if !upload.is_locked(now) || begun.elapsed() >= PATIENCE {
                return Ok(upload);
            }
            if !asked {
                asked = true;
                self.store
                    .transact(|txn| async move { uploads::ask_to_let_go(&*txn, id).await })
                    .await
                    .map_err(|error| of_store(&error))?;
            }
            sleep(LOOK).await;
        }
    }
}
