//! Holding an upload's lock while bytes come in: renewed in the background, given up when somebody else waits for it or when it
//! can't be renewed. What only the holder may do runs under [`Lease::guard`].

use reelmill_domain::id::UploadId;
use reelmill_runtime::http::ApiProblem;
use reelmill_store::{
    Store, StoreError,
    uploads::{self, Held},
};
use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};
use tokio::{sync::watch, time::Instant};
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
    /// Cancelled when the lock is somebody else's.
    lost: CancellationToken,
    /// Until then it is certainly ours, by this process's clock.
    certain: watch::Receiver<Instant>,
    _renewals: AbortOnDropHandle<()>,
}

impl Lease {
    /// Keeps a lock that was taken by a transaction begun at `since`. `stop` asks to let go as well.
    pub fn keep(
        store: &Store,
        upload: UploadId,
        token: Uuid,
        since: Instant,
        stop: &CancellationToken,
    ) -> Self {
        let (let_go, lost) = (stop.child_token(), CancellationToken::new());
        let (hold, certain) = watch::channel(since + DOUBT);
        let holder = Holder {
            store: store.clone(),
            upload,
            token,
            renewed: since,
            hold,
        };
        Self {
            upload,
            token,
            let_go: let_go.clone(),
            lost: lost.clone(),
            certain,
            _renewals: AbortOnDropHandle::new(tokio::spawn(async move {
                holder.renew(&let_go).await;
                let_go.cancel();
                lost.cancel();
            })),
        }
    }

    /// Does what only the holder may do, and drops it unfinished as soon as the lock may be somebody else's. The clock is
    /// asked before every step: a process that was stopped for longer than the lock lasts does not go on with it.
    ///
    /// # Errors
    /// 423: the lock was lost.
    pub async fn guard<T>(&self, work: impl Future<Output = T>) -> Result<T, ApiProblem> {
        let mut work = pin!(work);
        let mut lost = pin!(self.lost.cancelled());
        poll_fn(|cx| {
            let certain = Instant::now() < *self.certain.borrow();
            if !certain || lost.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(super::locked()));
            }
            work.as_mut().poll(cx).map(Ok)
        })
        .await
    }
}

/// Who renews.
struct Holder {
    store: Store,
    upload: UploadId,
    token: Uuid,
    /// When the last renewal began that went through.
    renewed: Instant,
    hold: watch::Sender<Instant>,
}

impl Holder {
    /// Returns when the lock is lost, or must be taken as lost.
    async fn renew(mut self, let_go: &CancellationToken) {
        let upload = self.upload;
        loop {
            tokio::time::sleep(LOOK).await;
            match self.look().await {
                Ok(Held::Yes) => {}
                Ok(Held::AskedToLetGo) => let_go.cancel(),
                Ok(Held::Lost) => {
                    tracing::info!(%upload, "the lock of an upload is somebody else's by now");
                    return;
                }
                Err(error) if self.renewed.elapsed() < DOUBT => {
                    tracing::debug!(%upload, %error, "the lock of an upload could not be looked at");
                }
                Err(error) => {
                    tracing::warn!(%upload, %error, "the lock of an upload could not be renewed; letting go");
                    return;
                }
            }
        }
    }

    async fn look(&mut self) -> Result<Held, StoreError> {
        let (upload, token) = (self.upload, self.token);
        if self.renewed.elapsed() >= RENEW {
            let begun = Instant::now();
            let held = self
                .store
                .transact(|txn| async move { uploads::renew(&*txn, upload, token, TTL_MS).await })
                .await?;
            if !held {
                return Ok(Held::Lost);
            }
            self.renewed = begun;
            self.hold.send_replace(begun + DOUBT);
        }
        uploads::look(self.store.db(), upload, token).await
    }
}
