//! Holding an upload's lock while bytes come in: renewed in the background, given up when somebody else waits for it or when it
//! can't be renewed.

use reelmill_domain::id::UploadId;
use reelmill_store::{
    Store, StoreError,
    uploads::{self, Held},
};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use uuid::Uuid;

/// A lock that nobody renews lapses after so long.
pub const TTL_MS: i64 = 10_000;
/// How often the holder looks whether somebody waits.
const LOOK: Duration = Duration::from_millis(250);
/// How often it renews.
const RENEW: Duration = Duration::from_secs(3);
/// Without a successful renewal for so long, the holder must take it as lost: it lapses at [`TTL_MS`].
const DOUBT: Duration = Duration::from_secs(7);

/// A held lock. Dropping it stops the renewals; the row is unlocked by whoever writes the last state.
pub struct Lease {
    /// Which upload.
    pub upload: UploadId,
    /// The holder's mark in the row.
    pub token: Uuid,
    /// Cancelled when the holder should store what it has and let go.
    pub let_go: CancellationToken,
    _renewals: AbortOnDropHandle<()>,
}

impl Lease {
    /// Keeps a lock that was just taken. `stop` asks to let go as well.
    pub fn keep(store: &Store, upload: UploadId, token: Uuid, stop: &CancellationToken) -> Self {
        let let_go = stop.child_token();
        let renewals = renew(store.clone(), upload, token, let_go.clone());
        Self {
            upload,
            token,
            let_go,
            _renewals: AbortOnDropHandle::new(tokio::spawn(renewals)),
        }
    }
}

async fn renew(store: Store, upload: UploadId, token: Uuid, let_go: CancellationToken) {
    let mut renewed = Instant::now();
    loop {
        tokio::time::sleep(LOOK).await;
        match one_look(&store, upload, token, &mut renewed).await {
            Ok(Held::Yes) => {}
            Ok(Held::AskedToLetGo) => let_go.cancel(),
            Ok(Held::Lost) => return let_go.cancel(),
            Err(error) if renewed.elapsed() < DOUBT => {
                tracing::debug!(%upload, %error, "the lock of an upload could not be looked at");
            }
            Err(error) => {
                tracing::warn!(%upload, %error, "the lock of an upload could not be renewed; letting go");
                return let_go.cancel();
            }
        }
    }
}

async fn one_look(
    store: &Store,
    upload: UploadId,
    token: Uuid,
    renewed: &mut Instant,
) -> Result<Held, StoreError> {
    if renewed.elapsed() >= RENEW {
        let begun = Instant::now();
        let held = store
            .transact(|txn| async move { uploads::renew(&*txn, upload, token, TTL_MS).await })
            .await?;
        if !held {
            return Ok(Held::Lost);
        }
        *renewed = begun;
    }
    uploads::look(store.db(), upload, token).await
}
