//! The sweeper: deletes objects that nobody holds, then their rows. Never a file that still has a reference.

use crate::core::Core;
use reelmill_domain::event::JobEvent;
use reelmill_objects::ObjectError;
use reelmill_store::{Change, StoreError, apply, now, sweep, uploads};
use std::time::Duration;
use thiserror::Error;
use uuid::Uuid;

/// At most so many of a kind in one round.
const BATCH: u64 = 200;
/// Two rounds are at least so far apart, however often the bell rings.
const PAUSE: Duration = Duration::from_millis(500);
/// A stopped run may still be writing for a lease and so long.
const GRACE_MS: i64 = 10_000;
/// How long the sweeper may take for one upload.
const LOCK_MS: i64 = 60_000;
/// The row of an expired upload says 410 for so long.
const REMEMBER_MS: i64 = 7 * 24 * 3600 * 1000;
/// Objects listed at once.
const PAGE: usize = 500;

/// Why a round broke off.
#[derive(Debug, Error)]
enum SweepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Objects(#[from] ObjectError),
}

/// Sweeps for ever.
pub async fn run(core: &Core) {
    loop {
        for (what, outcome) in [
            ("expired outputs", outputs(core).await),
            ("sources", sources(core).await),
            ("expired uploads", expired_uploads(core).await),
            ("files that nobody holds", files(core).await),
            ("work files", prefixes(core).await),
            (
                "old rows",
                sweep::old_rows(&core.store).await.map_err(SweepError::from),
            ),
        ] {
            if let Err(error) = outcome {
                tracing::warn!(%error, "{what} could not be swept; trying again");
            }
        }
        tokio::time::sleep(PAUSE).await;
        tokio::select! {
            () = core.bells.sweep.notified() => {}
            () = tokio::time::sleep(core.config.sweep_every) => {}
        }
    }
}

async fn outputs(core: &Core) -> Result<(), SweepError> {
    for (job, output) in sweep::expired_outputs(core.store.db(), BATCH).await? {
        let change = Change::Job(JobEvent::Expire(output));
        match apply(&core.store, job, change, &core.policy()).await {
            Ok(after) => core.after(after).await,
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn sources(core: &Core) -> Result<(), SweepError> {
    match core.config.retention_source_s {
        Some(s) => Ok(sweep::release_sources(&core.store, s).await?),
        None => Ok(()),
    }
}

async fn expired_uploads(core: &Core) -> Result<(), SweepError> {
    let db = core.store.db();
    let at = now(db).await?;
    for upload in uploads::expired(db, at, BATCH).await? {
        let token = Uuid::now_v7();
        let Some(upload) = uploads::acquire(db, upload.id, token, LOCK_MS).await? else {
            continue;
        };
        // Somebody may have gone on with it before we had the lock.
        if upload.is_gone(at) && !upload.object_key.is_empty() {
            if !upload.complete {
                core.objects
                    .uploads()
                    .abort(&upload.object_key, upload.sink.clone())
                    .await?;
            }
            let id = upload.id;
            core.store
                .transact(|txn| async move { uploads::mark_gone(&*txn, id, token).await })
                .await?;
        }
        uploads::release(db, upload.id, token).await?;
    }
    uploads::forget(db, at.plus_ms(-REMEMBER_MS)).await?;
    Ok(())
}

async fn files(core: &Core) -> Result<(), SweepError> {
    for (file, key) in sweep::take_doomed(&core.store, BATCH).await? {
        core.objects.delete(&key).await?;
        sweep::forget_file(&core.store, file).await?;
    }
    Ok(())
}

async fn prefixes(core: &Core) -> Result<(), SweepError> {
    let again_ms = core.config.lease_ms() + GRACE_MS;
    for due in sweep::due_prefixes(core.store.db(), BATCH).await? {
        let mut cursor: Option<String> = None;
        loop {
            let page = core
                .objects
                .list(&due.prefix, cursor.as_deref(), PAGE)
                .await?;
            for object in page.objects {
                if !sweep::is_stored(core.store.db(), &object.key).await? {
                    core.objects.delete(&object.key).await?;
                }
            }
            match page.next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        sweep::swept(core.store.db(), &due, again_ms).await?;
    }
    Ok(())
}
