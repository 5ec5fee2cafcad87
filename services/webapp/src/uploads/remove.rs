//! Uploads that go: by their owner's wish, or because their time is over.

use super::{intake::Intake, lease::Lease};
use crate::problems::{of_objects, of_store};
use reelmill_domain::id::UploadId;
use reelmill_runtime::{http::ApiProblem, metrics};
use reelmill_store::{
    StoreError, now,
    uploads::{self, Upload},
};
use std::time::Duration;

/// How long the row of an expired upload is kept, in seconds: so long a late client hears 410 and not 404.
const REMEMBER_S: i64 = 7 * 24 * 3600;
/// Expired uploads that are removed at a time.
const AT_ONCE: u64 = 100;
/// How often expired uploads are looked for.
const EVERY: Duration = Duration::from_secs(30);

impl Intake {
    /// Removes an upload. A stored file stays while a job holds it. Half an upload is over from the first step on, so that
    /// nobody goes on with it should this process die on the way: the sweep does the rest then.
    pub async fn remove(&self, upload: Upload, lease: &Lease) -> Result<(), ApiProblem> {
        let (id, token) = (upload.id, lease.token);
        if !upload.complete {
            let over = self
                .store
                .transact(|txn| {
                    let upload = upload.clone();
                    async move { uploads::advance(&*txn, &upload, token, 0).await }
                })
                .await
                .map_err(|error| of_store(&error))?;
            if over.is_none() {
                return Err(super::locked());
            }
            lease.guard(self.forget_bytes(&upload)).await??;
        }
        self.store
            .transact(|txn| async move { uploads::delete(&*txn, id, token).await })
            .await
            .map_err(|error| of_store(&error))?;
        Ok(())
    }

    /// Removes an upload as it is now, of which the caller holds the lock.
    pub(super) async fn discard(&self, id: UploadId, lease: &Lease) -> Result<(), ApiProblem> {
        let found = uploads::find(self.store.db(), id).await;
        match found.map_err(|error| of_store(&error))? {
            Some(upload) => self.remove(upload, lease).await,
            None => Ok(()),
        }
    }

    /// Half an upload lies in the sink and is ours to remove; a whole one is a stored file, counted by reference.
    /// Done twice, it does no harm.
    async fn forget_bytes(&self, upload: &Upload) -> Result<(), ApiProblem> {
        if upload.complete {
            return Ok(());
        }
        let (key, sink) = (&upload.object_key, upload.sink.clone());
        let aborted = self.objects.uploads().abort(key, sink).await;
        aborted.map_err(|error| of_objects(&error))?;
        // A crash between finishing and writing it down leaves the whole where nobody would look for it.
        if upload.is_unfinished() {
            let deleted = self.objects.delete(key).await;
            deleted.map_err(|error| of_objects(&error))?;
        }
        Ok(())
    }

    /// Removes expired uploads until the process stops.
    pub async fn sweep(&self) {
        while !self.stop.is_cancelled() {
            if let Err(error) = self.sweep_once().await {
                tracing::warn!(%error, "expired uploads could not be removed; trying again later");
            }
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    pub(crate) async fn sweep_once(&self) -> Result<(), StoreError> {
        let at = now(self.store.db()).await?;
        for upload in uploads::expired(self.store.db(), at, AT_ONCE).await? {
            let Ok((upload, lease)) = self.lock_any(upload.id).await else {
                continue;
            };
            // Somebody may have gone on with it before we locked it.
            let still = upload.expires_at.is_some_and(|expiry| expiry <= at);
            let gone = match still {
                true => lease.guard(self.forget_bytes(&upload)).await.flatten(),
                false => Ok(()),
            };
            match gone {
                Ok(()) if still => {
                    tracing::info!(upload = %upload.id, "an upload has expired");
                    metrics::swept("upload", 1);
                    let (id, token) = (upload.id, lease.token);
                    self.store
                        .transact(|txn| async move { uploads::mark_gone(&*txn, id, token).await })
                        .await?;
                }
                Ok(()) => {}
                Err(problem) => {
                    tracing::warn!(upload = %upload.id, problem = problem.problem().detail, "an expired upload could not be removed");
                }
            }
            self.unlock(&lease).await;
        }
        self.store
            .transact(|txn| async move { uploads::forget(&*txn, at.plus_s(-REMEMBER_S)).await })
            .await
            .map(|_| ())
    }
}
