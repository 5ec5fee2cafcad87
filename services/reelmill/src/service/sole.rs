//! The claim of `serve` on a database that others could use: its queue is within itself, so it must be the only one there. A
//! second process is refused at its start, and so is one with a shared queue; the one that lost its claim, after it stood
//! still for long, ends at once.

use anyhow::{Context, bail};
use reelmill_store::{
    Store,
    sole::{self, Claim, Claimant},
};
use std::{fs, io::ErrorKind, path::Path, time::Duration};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

/// A claim that was not renewed for so long is void.
const LEASE: Duration = Duration::from_secs(30);
/// Between two renewals.
const EVERY: Duration = Duration::from_secs(5);
/// The data folder's own name, for as long as it exists.
const FOLDER_ID: &str = "folder.id";

/// A claim that is held, and renewed until this is dropped.
pub struct Sole {
    token: Uuid,
    renewals: AbortOnDropHandle<()>,
}

/// Claims the database for this process, whose data folder is locked, and keeps the claim until it ends. `lost` is called
/// when another process has it: from then on this one must do nothing.
pub async fn take(
    store: &Store,
    data: &Path,
    name: &str,
    lost: impl FnOnce() + Send + 'static,
) -> anyhow::Result<Sole> {
    let claimant = Claimant {
        folder: folder(data)?,
        name: format!("{name} (process {})", std::process::id()),
        lease_ms: millis(LEASE),
    };
    let token = match sole::take(store, &claimant).await? {
        Claim::Ours(token) => token,
        Claim::Theirs { holder, for_ms } => bail!(
            "{holder} already serves this database with a queue within itself: stop it, or set broker.url to an amqp: URL \
             for both; should it have died, its claim is void in {} s",
            for_ms / 1000 + 1
        ),
    };
    let store = store.clone();
    let renewals = tokio::spawn(async move {
        while keep(&store, token).await {
            tokio::time::sleep(EVERY).await;
        }
        lost();
    });
    Ok(Sole {
        token,
        renewals: AbortOnDropHandle::new(renewals),
    })
}

/// Renews it. False: another process has it.
async fn keep(store: &Store, token: Uuid) -> bool {
    match sole::renew(store, token, millis(LEASE)).await {
        Ok(ours) => ours,
        Err(error) => {
            tracing::warn!(%error, "the claim on the database could not be renewed; trying again");
            true
        }
    }
}

/// Refuses to begin where another process has the database to itself.
pub async fn refuse(store: &Store) -> anyhow::Result<()> {
    match sole::live(store).await? {
        None => Ok(()),
        Some((holder, for_ms)) => bail!(
            "{holder} serves this database with a queue within itself: stop it, or give it this process's broker.url; \
             should it have died, its claim is void in {} s",
            for_ms / 1000 + 1
        ),
    }
}

impl Sole {
    /// Gives it back. Should that fail, it lapses.
    pub async fn give_back(self, store: &Store) {
        drop(self.renewals);
        if let Err(error) = sole::give_back(store, self.token).await {
            tracing::warn!(%error, "the claim on the database lapses in {} s", LEASE.as_secs());
        }
    }
}

/// The id of a data folder; made at its first use.
fn folder(data: &Path) -> anyhow::Result<Uuid> {
    let path = data.join(FOLDER_ID);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("can't read {}", path.display())),
    };
    // One that was cut off by a crash is nobody's yet.
    if let Ok(id) = text.trim().parse() {
        return Ok(id);
    }
    let id = Uuid::now_v7();
    fs::write(&path, id.to_string()).with_context(|| format!("can't write {}", path.display()))?;
    Ok(id)
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
