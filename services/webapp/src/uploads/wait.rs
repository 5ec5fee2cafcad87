//! Waiting for an upload: until a request that hangs has let go of it, until the whole has been made of its bytes.

use super::{intake::Intake, lease::TTL_MS};
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
/// A process that died while it finished an upload holds the lock for so long, and whoever comes next a moment.
const LAPSE: Duration = Duration::from_millis(TTL_MS.unsigned_abs() + 2_000);

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

    /// Finishes an upload that a process left with every byte but unfinished. Somebody may be at it, or have died at it.
    pub async fn settle(&self, upload: Upload) -> Result<Upload, ApiProblem> {
        self.settle_within(upload, Duration::ZERO).await
    }

    /// [`Intake::settle`] for those who need the whole: waits for whoever is at it. Unfinished still if that takes too long.
    pub async fn settled(&self, upload: Upload) -> Result<Upload, ApiProblem> {
        self.settle_within(upload, LAPSE).await
    }

    async fn settle_within(
        &self,
        mut upload: Upload,
        patience: Duration,
    ) -> Result<Upload, ApiProblem> {
        let begun = Instant::now();
        while upload.is_unfinished() {
            match self.lock(upload.id).await {
                Ok((upload, lease)) if upload.is_unfinished() => {
                    let finished = self.finish(upload, &lease).await;
                    if finished.is_err() {
                        self.unlock(&lease).await;
                    }
                    return finished;
                }
                Ok((upload, lease)) => {
                    self.unlock(&lease).await;
                    return Ok(upload);
                }
                // Somebody else is at it.
                Err(_) if begun.elapsed() >= patience => break,
                Err(_) => sleep(LOOK).await,
            }
            upload = self.find(upload.id).await?;
        }
        Ok(upload)
    }
}
